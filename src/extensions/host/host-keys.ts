/** The machine's own keys for ssh. sshd passes over one that others may read, and does not start without any. */

import { chmodSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Group } from './account-files.ts'
import { removeDurably, statIfPresent } from './files.ts'
import { findProgram, type Run } from './run.ts'
import { sshFolder } from './sshd-config.ts'

export type HostKey = {
  readonly path: string
  readonly mode: number
  /** As sshd wants it. */
  readonly closed: number
}

/** The private keys in the folder of sshd. Links lead to what somebody else looks after. */
export function readHostKeys(groups: readonly Group[]): HostKey[] {
  if (!statIfPresent(sshFolder)?.isDirectory()) return []
  // Red Hat's ssh-keysign reads them by this group, and its sshd knows that.
  const keysGroup = groups.find(({ name }) => name === 'ssh_keys')?.gid
  return readdirSync(sshFolder)
    .filter(name => /^ssh_host_\w+_key$/.test(name))
    .flatMap(name => {
      const path = join(sshFolder, name)
      const status = statIfPresent(path)
      if (!status?.isFile()) return []
      const mode = status.mode & 0o7777
      return [{ path, mode, closed: mode & ~(status.gid === keysGroup ? 0o037 : 0o077) }]
    })
}

/** Whether sshd might find no key that it takes. */
export const areUnfit = (keys: readonly HostKey[]): boolean =>
  keys.length === 0 || keys.some(({ mode, closed }) => mode !== closed)

/** Closes keys to others, and makes new ones where there are none. */
export async function repairHostKeys(keys: readonly HostKey[], run: Run): Promise<void> {
  for (const { path, closed } of keys) chmodSync(path, closed)
  if (keys.length > 0) return
  if (!findProgram('ssh-keygen')) throw new Error('sshd has no host keys, and there is no ssh-keygen to make them')
  await run('ssh-keygen', ['-A'])
}

/** Makes the keys be these again, `present` being those that are there now. */
export function putHostKeysBack(keys: readonly HostKey[], present: readonly HostKey[]): void {
  for (const { path } of present) {
    const former = keys.find(key => key.path === path)
    if (former) chmodSync(path, former.mode)
    else for (const made of [path, `${path}.pub`]) removeDurably(made)
  }
}
