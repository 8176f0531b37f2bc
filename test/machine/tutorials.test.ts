import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Az } from '../clients/az.ts'
import { azEnvironment, azLane, lanesMissing } from '../contract/az.ts'
import { type Shell, shellInside, typedInto } from '../contract/curl.ts'
import { dataLakeTutorial } from '../contract/data-lake-tutorial.ts'
import { keyTutorial, sasTutorial, storageTutorial } from '../contract/storage-tutorials.ts'
import { keyVaultTutorial, systemAssignedTutorial, userAssignedTutorial } from '../contract/tutorials.ts'
import { type Lazuli, startLazuli } from '../start.ts'
import { initOf } from './runc.ts'
import { newKey } from './ssh-key.ts'

test('inside a machine, the tutorial for system-assigned identities goes as printed, with TLS verified', async t => {
  const lazuli = await startLazuli(t, { machines: 'sandbox' })
  const sshKey = await newKey(lazuli)
  await systemAssignedTutorial({ lazuli, sshKey, shellOf: machine => shellInside(lazuli, machine) })
})

test('inside a machine, the tutorial for user-assigned identities goes as printed, with TLS verified', async t => {
  const lazuli = await startLazuli(t, { machines: 'sandbox' })
  const sshKey = await newKey(lazuli)
  await userAssignedTutorial({ lazuli, sshKey, shellOf: machine => shellInside(lazuli, machine) })
})

test('inside a machine, the tutorial for Key Vault goes as printed, with TLS verified', async t => {
  const lazuli = await startLazuli(t, { machines: 'sandbox' })
  const sshKey = await newKey(lazuli)
  await keyVaultTutorial({ lazuli, sshKey, shellOf: machine => shellInside(lazuli, machine) })
})

test('inside a machine, the tutorial for Data Lake Store goes as printed, with TLS verified', async t => {
  const lazuli = await startLazuli(t, { machines: 'sandbox' })
  const sshKey = await newKey(lazuli)
  await dataLakeTutorial({ lazuli, sshKey, shellOf: machine => shellInside(lazuli, machine) })
})

test('inside a machine, the tutorials for storage go as printed, with TLS verified', {
  skip: lanesMissing,
}, async t => {
  const [lazuli, lane] = await Promise.all([startLazuli(t, { machines: 'sandbox' }), azLane('trixie', t)])
  const sshKey = await newKey(lazuli)
  const shellOf = (machine: string) => shellInside(lazuli, machine)
  for (const tutorial of [storageTutorial, sasTutorial, keyTutorial])
    await tutorial({ lazuli, sshKey, shellOf, azOf: machine => azOfMachine(lazuli, lane, shellOf(machine)) })
})

const vmId = `curl -s -H Metadata:true 'http://169.254.169.254/metadata/instance/compute/vmId?api-version=2021-02-01&format=text'`

/**
 * A machine's own image has no az, and no archive to get it from. This is one of another root file system, in the
 * machine's network: it asks the machine's name server, trusts whom the machine trusts, and knows of no proxy.
 */
async function azOfMachine(lazuli: Lazuli, lane: Az, inside: Shell): Promise<Shell> {
  const resolvConf = join(lane.home, 'resolv.conf')
  const trusted = join(lane.home, 'ca-certificates.crt')
  await writeFile(resolvConf, await inside('cat /etc/resolv.conf'))
  await writeFile(trusted, await inside('cat /etc/ssl/certs/ca-certificates.crt'))
  const init = await initOf(lazuli, await inside(vmId))
  const env = { ...azEnvironment(lane), RESOLV_CONF: resolvConf, REQUESTS_CA_BUNDLE: trusted }
  return typedInto(typed => lazuli.run(['nsenter', '--net', '--target', init, 'sh', '-c', typed], { env }))
}
