import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Client } from '../src/cli/client.ts'
import { builtIn } from '../src/server/extensions/built-in.ts'
import { generateSshKeyPair } from '../src/server/ssh/key-pair.ts'
import { ended, openServer } from './lazuli.ts'
import { machineVersion, openMachine } from './machine.ts'
import { distribution, heading, note } from './report.ts'

const rounds = 20

/** From the request that gives an administrator a key to the answer that it is in place, on a machine that runs. */
export async function extensions({ program, folder }: { program: string; folder: string }): Promise<void> {
  heading('VMAccess: a new key for an administrator of a running machine')
  if (process.getuid?.() !== 0) {
    note('Not measured: machines need root.')
    return
  }
  const data = join(folder, 'extensions')
  await using server = await openServer({ program, data, machines: 'sandbox' })
  const { client } = server
  const machine = await openMachine(server, data, 'access')
  const { path, upper } = machine

  // The first time, the package is fetched and installed, and the user is made.
  const { succeeded } = await giveKey(client, path, upper)
  note(`The first request, which installs the extension and makes the user, took ${succeeded.toFixed(0)} ms.`)
  const runs: Steps[] = []
  for (let round = 0; round < rounds; round++) runs.push(await giveKey(client, path, upper))
  await machine.remove()

  const times = (step: keyof Steps) => runs.map(run => run[step])
  distribution('PUT to Succeeded', times('succeeded'), 'ms', { atMost: 1_500 })
  note('Of these, counted from the request:')
  distribution('  accepted', times('accepted'), 'ms')
  distribution('  the agent has the new goal state', times('heard'), 'ms')
  distribution('  the extension has opened its settings', times('opened'), 'ms')
  distribution('  the key is in place', times('inPlace'), 'ms')
  distribution('  the extension has reported', times('reported'), 'ms')
}

const user = 'bench'

/** Each in milliseconds since the request. */
type Steps = Readonly<Record<'accepted' | 'heard' | 'opened' | 'inPlace' | 'reported' | 'succeeded', number>>

async function giveKey(client: Client, machine: string, root: string): Promise<Steps> {
  const { publicKey } = await generateSshKeyPair('Ed25519', 'bench')
  const from = performance.timeOrigin + performance.now()
  const since = (unixMs: number) => unixMs - from
  const now = () => since(performance.timeOrigin + performance.now())
  const answer = await client.send('PUT', `${machine}/extensions/enablevmaccess?${machineVersion}`, {
    location: 'westeurope',
    properties: {
      publisher: 'Microsoft.OSTCExtensions',
      type: 'VMAccessForLinux',
      typeHandlerVersion: '1.5',
      protectedSettings: { username: user, ssh_key: publicKey },
    },
  })
  const accepted = now()
  await ended(client, answer)
  const succeeded = now()

  const changed = (path: string) => since(statSync(join(root, path)).mtimeMs)
  const handler = `var/lib/waagent/Microsoft.OSTCExtensions.VMAccessForLinux-${builtIn['vm-access']?.version}`
  const sequence = readFileSync(join(root, handler, 'mrseq'), 'utf8').trim()
  return {
    accepted,
    succeeded,
    heard: changed('var/lib/lazuli/goal-state.json'),
    // It takes the secrets out of the file once it has read them.
    opened: changed(`${handler}/config/${sequence}.settings`),
    inPlace: changed(`home/${user}/.ssh/authorized_keys`),
    reported: changed(`${handler}/status/${sequence}.status`),
  }
}
