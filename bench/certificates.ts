import { join } from 'node:path'
import { openServer } from './lazuli.ts'
import { openMachine } from './machine.ts'
import { observedCertificates } from './observed-certificates.ts'
import { renewedCertificate } from './renewed-certificate.ts'
import { heading, note } from './report.ts'

const many = 1_000

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
  heading(`Key Vault extension: ${many.toLocaleString('en')} observed certificates`)
  await observedCertificates(many)
}
