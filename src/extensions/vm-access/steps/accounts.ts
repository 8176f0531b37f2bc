import { renameSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { type Account, dateOfDay, type Shadow } from '../../host/account-files.ts'
import type { Kept } from '../../host/backups.ts'
import { statIfPresent } from '../../host/files.ts'
import { endSessions } from '../../host/sessions.ts'
import { sudoersFile } from '../../host/sudoers.ts'
import { isTrustedFolder } from '../../host/user-files.ts'
import { defineStep, type Host } from '../step.ts'
import { revokeSudo } from './sudo.ts'

/** `places`: what useradd may make that was not there, its home first of all. */
export const createUser = defineStep<'create-user', { places: readonly string[] }>({
  name: 'username',
  async before({ user }, { accounts }) {
    const home = await accounts.homeOfNew(user)
    const homes = isTrustedFolder(dirname(home)) ? [home] : []
    return { places: [...homes, ...mailOf(user)].filter(path => !statIfPresent(path)) }
  },
  async apply({ user, shell, expiration }, _before, { accounts }) {
    await accounts.create(user, { shell, ...(expiration === undefined ? {} : { expiration }) })
    const account = accounts.find(user)
    if (!account) throw new Error(`no account ${user} came of it`)
    return {
      text: `Created the user ${user} with the home folder ${account.home}.`,
      changes: [{ what: 'account', after: `uid ${account.uid}` }],
    }
  },
  async undo({ user }, { places }, { accounts, run }) {
    const account = accounts.find(user)
    if (account) await endSessions(user, account.uid, run)
    await accounts.remove(user)
    for (const path of places) if (statIfPresent(path)) await deleteTree(path, run)
  },
})

/** One of the two folders is often a link to the other. */
const mailOf = (user: string) =>
  ['/var/mail', '/var/spool/mail']
    .filter(folder => statIfPresent(folder)?.isDirectory())
    .map(folder => join(folder, user))

export const setPassword = defineStep<'set-password', { shadow: Shadow | undefined }>({
  name: 'password',
  // The former hash goes to the journal, which is root's alone as the file is that it comes from.
  before: (step, { accounts }) => ({ shadow: accounts.shadow(step.user) }),
  async apply({ user }, _before, { accounts }, { password }) {
    if (password === undefined) throw new Error('the password is not known any more')
    await accounts.setPassword(user, password)
    await accounts.forgetFailures(user)
    return { text: `Set the password of ${user}.`, changes: [{ what: `password of ${user}` }] }
  },
  undo: ({ user }, { shadow }, host) => putShadowBack(user, shadow, host),
})

export const allowKeys = defineStep<'allow-keys', { shadow: Shadow | undefined }>({
  name: 'ssh_key',
  before: (step, { accounts }) => ({ shadow: accounts.shadow(step.user) }),
  async apply({ user }, _before, { accounts }) {
    await accounts.setHash(user, '*')
    return {
      text: `${user} was locked for keys, too, and is now for passwords only.`,
      changes: [{ what: `password of ${user}`, before: 'locked', after: 'none' }],
    }
  },
  undo: ({ user }, { shadow }, host) => putShadowBack(user, shadow, host),
})

export const setExpiration = defineStep<'set-expiration', { shadow: Shadow | undefined }>({
  name: 'expiration',
  before: (step, { accounts }) => ({ shadow: accounts.shadow(step.user) }),
  async apply({ user, expiration, why }, { shadow }, { accounts }) {
    const before = shadow?.expiryDay === undefined ? 'never' : dateOfDay(shadow.expiryDay)
    await accounts.setExpiration(user, expiration)
    const text =
      why === 'expired'
        ? `${user} had expired on ${before} and would not have been let in; it no longer expires.`
        : `${user} ${expiration === 'never' ? 'no longer expires' : `expires on ${expiration}`}.`
    return { text, changes: [{ what: `expiration of ${user}`, before, after: expiration }] }
  },
  undo: ({ user }, { shadow }, host) => putShadowBack(user, shadow, host),
})

export const renewPasswordAge = defineStep<'renew-password-age', { shadow: Shadow | undefined }>({
  name: 'ssh_key',
  before: (step, { accounts }) => ({ shadow: accounts.shadow(step.user) }),
  async apply({ user, day }, { shadow }, { accounts }) {
    const before = shadow?.lastChange ? dateOfDay(shadow.lastChange) : 'to be changed at once'
    await accounts.renewPasswordAge(user, day)
    return {
      text: `The password of ${user} was overdue for a change, which bars the way for keys, too; it counts as changed today.`,
      changes: [{ what: `change of the password of ${user}`, before, after: dateOfDay(day) }],
    }
  },
  undo: ({ user }, { shadow }, host) => putShadowBack(user, shadow, host),
})

async function putShadowBack(user: string, shadow: Shadow | undefined, { accounts }: Host): Promise<void> {
  const now = accounts.shadow(user)
  // An account that this run made is removed as a whole.
  if (!now || !shadow) return
  if (now.hash !== shadow.hash) await accounts.setHash(user, shadow.hash)
  await accounts.setDays(user, shadow)
}

type Removed = {
  readonly account: Account | undefined
  readonly shadow: Shadow | undefined
  readonly memberOf: readonly string[]
  /** Where things of the user are, and where they are put aside until the run has succeeded. */
  readonly aside: readonly { readonly from: string; readonly to: string }[]
  readonly keptHome: string | undefined
  readonly sudoers: Kept
}

export const removeUser = defineStep<'remove-user', Removed>({
  name: 'remove_user',
  async before({ user }, { accounts, backups }) {
    const account = accounts.find(user)
    const sudoers = await backups.keep(sudoersFile)
    if (!account) return { account, shadow: undefined, memberOf: [], aside: [], keptHome: undefined, sudoers }
    const memberOf = accounts
      .groups()
      .filter(({ members }) => members.includes(user))
      .map(({ name }) => name)
    const why = reasonToKeepHome(account, accounts.sharesHome(account))
    const owned = [...(why === undefined ? [account.home] : []), ...mailOf(user)]
    const aside = owned
      .filter((path, index) => statIfPresent(path) && owned.indexOf(path) === index)
      .map(from => ({ from, to: join(dirname(from), `.${basename(from)}.removed-${backups.id}`) }))
    return { account, shadow: accounts.shadow(user), memberOf, aside, keptHome: why, sudoers }
  },
  async apply({ user }, { account, aside, keptHome, sudoers }, host) {
    const { accounts, run } = host
    const revoked = await revokeSudo(user, sudoers, host)
    if (!account) return { text: `There was no user ${user}, only a sudo rule, which was removed.`, changes: revoked }
    // Closed first, so that nobody signs in while sessions are being ended.
    await accounts.setHash(user, '!')
    await accounts.closeNow(user)
    const ended = await endSessions(user, account.uid, run)
    for (const { from, to } of aside) if (statIfPresent(from)) renameSync(from, to)
    await accounts.remove(user)
    const home = keptHome === undefined ? `and the home folder ${account.home}` : `but not ${account.home}: ${keptHome}`
    return {
      text: `Removed the user ${user} ${home}. ${ended} processes were ended.`,
      changes: [{ what: 'account', before: `uid ${account.uid}` }, ...revoked],
      afterwards: [...aside.map(({ to }) => ({ delete: to })), { crontabOf: user }],
    }
  },
  async undo({ user }, { account, shadow, memberOf, aside, sudoers }, { accounts, backups }) {
    await backups.restore(sudoers)
    if (!account) return
    for (const { from, to } of aside) if (statIfPresent(to) && !statIfPresent(from)) renameSync(to, from)
    if (!accounts.find(user)) await accounts.recreate(account, memberOf)
    if (shadow) {
      await accounts.setHash(user, shadow.hash)
      await accounts.setDays(user, shadow)
    }
  },
})

/** Homes are moved and deleted by root, so the way to them must be root's alone, and nobody else may live there. */
function reasonToKeepHome({ home, uid }: Account, isShared: boolean): string | undefined {
  const folder = statIfPresent(home)
  if (!home.startsWith('/') || home === '/' || dirname(home) === '/') return 'it is a folder of the system'
  if (!folder?.isDirectory()) return 'it is not there'
  if (folder.uid !== uid) return 'it belongs to somebody else'
  if (isShared) return 'others have it, too'
  if (!isTrustedFolder(dirname(home))) return 'others than root can change what is above it'
  if (folder.dev !== statSync(dirname(home)).dev) return 'a file system is mounted there'
  return undefined
}

/** rm of coreutils opens each folder from the one above without following links, and never leaves the file system. */
export async function deleteTree(path: string, run: Host['run']): Promise<void> {
  await run('rm', ['-rf', '--', path], { timeoutMs: 600_000 })
}
