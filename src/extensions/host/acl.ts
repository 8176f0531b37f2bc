/** Access control lists: read for one more user or group, by setfacl(1), because Node knows only the nine bits. */

import { CommandFailed, findProgram, type Run } from './run.ts'

export type Principal = { readonly kind: 'user' | 'group'; readonly name: string }

/** `u:1000` or `g:100`: a number stays the same when the account is gone. */
export type AclSubject = string

export const hasAclTools = () => findProgram('setfacl') !== undefined

/** Undefined when the machine knows no such account, yet or any more. A number needs none. */
export async function aclSubject({ kind, name }: Principal, run: Run): Promise<AclSubject | undefined> {
  const letter = kind === 'user' ? 'u' : 'g'
  if (/^\d+$/.test(name)) return `${letter}:${name}`
  const { exitCode, stdout } = await run('getent', [kind === 'user' ? 'passwd' : 'group', '--', name], {
    anyExit: true,
  })
  const id = stdout.toString('utf8').split(':')[2]
  return exitCode === 0 && id !== undefined && /^\d+$/.test(id) ? `${letter}:${id}` : undefined
}

/**
 * One call for each: setfacl applies nothing of a list in which one is wrong. It sets the mask, too, so nobody may chmod
 * the file afterwards: that would take away what was granted. Rejects with CommandFailed.
 */
export async function grant(path: string, subject: AclSubject, permissions: 'r' | 'x' | 'rx', run: Run): Promise<void> {
  await run('setfacl', ['-m', `${subject}:${permissions}`, '--', path])
}

/** What is not there is withdrawn already. */
export async function withdraw(path: string, subject: AclSubject, run: Run): Promise<void> {
  await run('setfacl', ['-x', subject, '--', path])
}

export const isAclFailure = (error: unknown): error is CommandFailed => error instanceof CommandFailed
