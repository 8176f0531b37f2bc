import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Lazuli } from '../start.ts'

/** Makes the key that `lazuli ssh` offers without being told. Returns its public half. */
export async function newKey(lazuli: Lazuli): Promise<string> {
  const file = join(lazuli.directory, 'ssh', 'id_ed25519')
  await mkdir(join(lazuli.directory, 'ssh'), { recursive: true, mode: 0o700 })
  await lazuli.run(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', file])
  return readFile(`${file}.pub`, 'utf8')
}
