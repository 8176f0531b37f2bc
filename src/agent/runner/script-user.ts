import { runProcess } from './process.ts'

export type ScriptUser = { readonly uid: number; readonly gid: number; readonly home: string }

/** A user of this machine, from wherever it has its users; undefined when there is none of that name. */
export async function findUser(
  name: string,
  { env, scratch }: { env: Readonly<Record<string, string>>; scratch: string },
): Promise<ScriptUser | undefined> {
  const wish = { argv: ['getent', 'passwd', '--', name] as const, cwd: '/', env, timeoutMs: 30_000, keptBytes: 4096 }
  const { exitCode, stdout } = await runProcess(wish, scratch)
  const [, , uid, gid, , home] = exitCode === 0 ? (stdout.split('\n')[0] ?? '').split(':') : []
  return uid && gid && home ? { uid: Number(uid), gid: Number(gid), home } : undefined
}

/** What makes a command line one of that user's, with all of the user's groups. Root needs no password for it. */
export const asUser = ({ uid, gid }: ScriptUser): string[] => [
  ...['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--init-groups', '--'],
]
