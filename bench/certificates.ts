import { join } from 'node:path'
import { certmonger } from './certmonger.ts'
import { openServer } from './lazuli.ts'
import { type Machine, openMachine } from './machine.ts'
import { type Kept, observedCertificates } from './observed-certificates.ts'
import { installInMachine } from './peers.ts'
import { renewedCertificate } from './renewed-certificate.ts'
import { heading, note, ratio } from './report.ts'

const many = 1_000
/** As many as certmonger takes in a time that can be waited for. */
const some = 100

/** What the Key Vault extension does with certificates: one that is renewed, from end to end, and very many. */
export async function certificates({ program, folder }: { program: string; folder: string }): Promise<void> {
  heading('Key Vault extension: a certificate is renewed in the vault, and nginx on a machine serves it')
  if (process.getuid?.() !== 0) {
    note('Not measured: machines, and where certificates are stored, need root.')
    return
  }
  const data = join(folder, 'certificates')
  await using server = await openServer({ program, data, machines: 'sandbox' })
  const machine = await openMachine(server, data, 'web')
  await renewedCertificate(server, machine)
  await machine.remove()
  await besidePeer(await openMachine(server, data, 'peer'))
  heading(`Key Vault extension: ${many.toLocaleString('en')} observed certificates`)
  await observedCertificates(many)
}

async function besidePeer(machine: Machine): Promise<void> {
  heading(`Key Vault extension: ${some} observed certificates`)
  const ours = await observedCertificates(some)
  const version = await installInMachine(machine, 'certmonger')
  heading(`${version}, in a machine: ${some} tracked certificates of its local authority`)
  const theirs = await certmonger(machine, some)
  await machine.remove()
  note(
    'It makes keys and certificates itself, where the extension fetches what a vault has made: the first two differ in that.',
  )
  const compare = (what: string, of: keyof Kept) =>
    // Processor time is counted in hundredths of a second.
    theirs[of] === 0 ? note(`${what}: ${ours[of]} to 0`) : ratio(what, [ours[of]], [theirs[of]])
  compare('until all are installed, Lazuli : certmonger', 'syncMs')
  compare('processor time of the service until then', 'syncProcessorMs')
  compare('processor time in a minute without news', 'idleProcessorMs')
  compare('resident memory', 'residentMiB')
}
