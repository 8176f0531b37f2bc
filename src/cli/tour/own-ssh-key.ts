import { existsSync } from 'node:fs'
import { mkdir, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { run } from '../../server/machines/run.ts'
import { ownSshKey } from '../ssh-command.ts'

/** The public half of the key pair that `lazuli ssh` uses; made when there is none. */
export async function ownSshPublicKey(directory: string): Promise<string> {
  const file = ownSshKey(directory)
  if (!existsSync(file)) {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 })
    await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'lazuli', '-f', file])
  }
  return (await readFile(`${file}.pub`, 'utf8')).trim()
}
