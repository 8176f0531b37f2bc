import { failureText, HandlerFailure } from '../handler/failure.ts'
import type { Accounts } from '../host/accounts.ts'
import { statIfPresent } from '../host/files.ts'
import { closedPorts } from '../host/firewall.ts'
import { areUnfit, readHostKeys } from '../host/host-keys.ts'
import { type Effective, findSshd, readEffective, readSshFiles, turnedAway } from '../host/sshd.ts'
import { admissions } from '../host/sshd-config.ts'
import { reachablePorts } from '../host/sshd-ports.ts'
import { readSudoers, sudoReadsFolder } from '../host/sudo.ts'
import { sudoRule } from '../host/sudoers.ts'
import { readUserFile, UnsafePath } from '../host/user-files.ts'
import type { Seen, SeenSsh, SeenUser } from './plan.ts'
import type { Wish } from './settings.ts'
import type { Host } from './step.ts'
import { findKeyFile } from './steps/keys.ts'

/** Looks at all that a plan for the wish depends on. Changes nothing. */
export async function observe(wish: Wish, host: Host, today: string): Promise<Seen> {
  const { accounts, run } = host
  const name = wish.user?.name
  const general = await askSshd(host)
  return {
    leastUserId: accounts.leastUserId(),
    today: Date.parse(`${today}T00:00:00Z`) / 86_400_000,
    shell: statIfPresent('/bin/bash') ? '/bin/bash' : '/bin/sh',
    sudoReadsFolder: sudoReadsFolder(),
    user: name === undefined ? undefined : await seeUser(name, accounts),
    removeUser: wish.removeUser === undefined ? undefined : await seeUser(wish.removeUser, accounts),
    keyLines:
      wish.user && (wish.user.keys.length > 0 || wish.user.removePriorKeys) ? await seeKeys(wish, host) : undefined,
    ssh: await seeSsh(name, general.problem, host),
    closedPorts: wish.ssh === undefined ? [] : await closedPorts(await reachablePorts(run), run),
  }
}

async function seeUser(name: string, accounts: Accounts): Promise<SeenUser> {
  return {
    account: accounts.find(name),
    shadow: accounts.shadow(name),
    isForeign: await accounts.isForeign(name),
    hasGroup: accounts.groups().some(group => group.name === name),
    sudo: sudoRule(readSudoers(), name),
    isAdmitted: admissions(readSshFiles()).has(name),
  }
}

/** The lines of the user's file of keys. What makes writing to it unsafe is found here, before anything is changed. */
async function seeKeys({ user, removeUser }: Wish, host: Host): Promise<string[] | undefined> {
  const account = user && user.name !== removeUser ? host.accounts.find(user.name) : undefined
  if (!account || account.uid < host.accounts.leastUserId()) return undefined
  try {
    const { owner, base, path } = await findKeyFile(account, host)
    return readUserFile(owner, base, path)?.content.toString('utf8').split('\n')
  } catch (error) {
    if (error instanceof UnsafePath) throw new HandlerFailure(error.message)
    throw error
  }
}

async function askSshd({ run }: Host, user?: string): Promise<{ effective?: Effective; problem?: string }> {
  if (!findSshd()) return {}
  try {
    return { effective: await readEffective(run, user === undefined ? {} : { user }) }
  } catch (error) {
    return { problem: failureText(error) }
  }
}

async function seeSsh(user: string | undefined, problem: string | undefined, host: Host): Promise<SeenSsh> {
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
