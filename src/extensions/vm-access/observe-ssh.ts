import { failureText } from '../handler/failure.ts'
import { areUnfit, readHostKeys } from '../host/host-keys.ts'
import { type Effective, findSshd, readEffective, turnedAway } from '../host/sshd.ts'
import type { SeenSsh } from './plan.ts'
import type { Host } from './step.ts'

async function askSshd({ run }: Host, user?: string): Promise<{ effective?: Effective; problem?: string }> {
  if (!findSshd()) return {}
  try {
    return { effective: await readEffective(run, user === undefined ? {} : { user }) }
  } catch (error) {
    return { problem: failureText(error) }
  }
}

/** What holds for connections of a user, who need not be there yet. */
export async function seeSsh(user: string | undefined, host: Host): Promise<SeenSsh> {
  const { problem } = await askSshd(host)
  const { effective } = await askSshd(host, user)
  const isOn = (key: string) => effective?.get(key)?.[0] === 'yes'
  return {
    installed: findSshd() !== undefined,
    problem,
    usesPam: isOn('usepam'),
    password: isOn('passwordauthentication'),
    keyboardInteractive: isOn('kbdinteractiveauthentication') || isOn('challengeresponseauthentication'),
    publicKey: effective === undefined || isOn('pubkeyauthentication'),
    authenticationMethods: effective?.get('authenticationmethods')?.join(' ') ?? 'any',
    turnedAwayBy: user && effective ? turnedAway(effective, user, groupsOf(user, host))?.by : undefined,
    hasBackup: host.backups.sshOriginal() !== undefined,
    hostKeysUnfit: areUnfit(readHostKeys(host.accounts.groups())),
  }
}

function groupsOf(user: string, { accounts }: Host): string[] {
  const primary = accounts.find(user)?.gid
  // A new account's own group is named after it.
  const names = accounts.groups().filter(({ gid, members }) => gid === primary || members.includes(user))
  return primary === undefined ? [user] : names.map(({ name }) => name)
}
