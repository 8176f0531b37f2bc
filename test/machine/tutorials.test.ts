import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { shellInside } from '../contract/curl.ts'
import { systemAssignedTutorial, userAssignedTutorial } from '../contract/tutorials.ts'
import { type Lazuli, startLazuli } from '../start.ts'

/** The key that `lazuli ssh` offers without being told. */
async function newKey(lazuli: Lazuli): Promise<string> {
  const file = join(lazuli.directory, 'ssh', 'id_ed25519')
  await mkdir(join(lazuli.directory, 'ssh'), { recursive: true, mode: 0o700 })
  await lazuli.run(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', file])
  return readFile(`${file}.pub`, 'utf8')
}

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
