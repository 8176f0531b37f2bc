/**
 * From what is wished and what is seen to what must be done. Pure: it decides everything that can be decided before the
 * first change, and refuses what would not end well.
 */

import { HandlerFailure } from '../handler/failure.ts'
import { type Account, nobodyId, type Shadow } from '../host/account-files.ts'
import type { Admission } from '../host/sshd-config.ts'
import type { SudoRule } from '../host/sudoers.ts'
import { keyLine, readKeyLine } from './public-keys.ts'
import type { Wish } from './settings.ts'

/** One change that is done or undone as a whole. Journaled, so it holds no secret. */
export type Step =
  | { readonly do: 'remove-user'; readonly user: string }
  | { readonly do: 'create-user'; readonly user: string; readonly shell: string; readonly expiration?: string }
  | { readonly do: 'set-password'; readonly user: string }
  | { readonly do: 'allow-keys'; readonly user: string }
  | {
      readonly do: 'set-expiration'
      readonly user: string
      readonly expiration: string
      readonly why: 'asked' | 'expired'
    }
  | { readonly do: 'renew-password-age'; readonly user: string; readonly day: number }
  | { readonly do: 'include-sudoers' }
  | { readonly do: 'grant-sudo'; readonly user: string; readonly rule: SudoRule }
  | { readonly do: 'set-keys'; readonly user: string; readonly lines: readonly string[]; readonly replace: boolean }
  | { readonly do: 'repair-host-keys' }
  | { readonly do: 'reset-ssh' }
  | { readonly do: 'restore-ssh' }
  | { readonly do: 'admit'; readonly user: string; readonly admission: Admission }
  | { readonly do: 'admit-as-needed'; readonly user: string; readonly means: readonly Means[] }
  | { readonly do: 'forget-admission'; readonly user: string }
  | { readonly do: 'open-firewall'; readonly ports: readonly number[] }

/** What a user has to sign in with. */
export type Means = 'password' | 'publickey'

/** What is to be done, and what there is to say although nothing is done about it. */
export type Plan = { readonly steps: readonly Step[]; readonly already: readonly Already[] }
export type Already = { readonly name: string; readonly text: string; readonly isWarning?: boolean }

/** What is known of a user before anything is done. */
export type SeenUser = {
  readonly account: Account | undefined
  readonly shadow: Shadow | undefined
  /** A directory service knows the name. */
  readonly isForeign: boolean
  /** There is a group of that name. */
  readonly hasGroup: boolean
  readonly sudo: SudoRule | undefined
  /** Whether our part of sshd's configuration names the user. */
  readonly isAdmitted: boolean
}

export type SeenSsh = {
  readonly installed: boolean
  /** What sshd says of its present configuration, when it refuses it. */
  readonly problem: string | undefined
  readonly usesPam: boolean
  /** For connections of the wished user. */
  readonly password: boolean
  readonly keyboardInteractive: boolean
  readonly publicKey: boolean
  readonly authenticationMethods: string
  readonly turnedAwayBy: 'denyusers' | 'denygroups' | 'allowusers' | 'allowgroups' | undefined
  readonly hasBackup: boolean
  /** sshd has none, or passes over some because others may read them. */
  readonly hostKeysUnfit: boolean
}

export type Seen = {
  readonly leastUserId: number
  /** Days since 1970. */
  readonly today: number
  readonly shell: string
  readonly sudoReadsFolder: boolean
  readonly user: SeenUser | undefined
  readonly removeUser: SeenUser | undefined
  /** The lines of the wished user's file of keys; undefined when there is none. */
  readonly keyLines: readonly string[] | undefined
  readonly ssh: SeenSsh
  /** Ports of sshd to which a firewall may bar the way. */
  readonly closedPorts: readonly number[]
}

/** Throws HandlerFailure, with the text for the operator, when the wish cannot be fulfilled as a whole. */
export function plan(wish: Wish, seen: Seen): Plan {
  const parts = [planRemoval(wish, seen), planSsh(wish, seen), planUser(wish, seen)]
  return { steps: parts.flatMap(part => part.steps), already: parts.flatMap(part => part.already) }
}

const nothing: Plan = { steps: [], already: [] }
const quoted = (names: readonly string[]) => names.join(' and ')

function planRemoval({ removeUser: name }: Wish, { removeUser: seen, leastUserId }: Seen): Plan {
  if (name === undefined || !seen) return nothing
  const { account, sudo, isAdmitted } = seen
  if (!account) {
    if (seen.isForeign)
      throw new HandlerFailure(`${name} is not an account of this machine and cannot be removed here.`)
    const leftovers: Step[] = [
      ...(isAdmitted ? [{ do: 'forget-admission', user: name } as const] : []),
      ...(sudo ? [{ do: 'remove-user', user: name } as const] : []),
    ]
    return { steps: leftovers, already: [{ name: 'remove_user', text: `There is no user ${name}.` }] }
  }
  if (isSystemAccount(account, leastUserId)) {
    throw new HandlerFailure(`${name} is a system account (uid ${account.uid}) and is not removed.`)
  }
  const forget: Step[] = isAdmitted ? [{ do: 'forget-admission', user: name }] : []
  return { steps: [...forget, { do: 'remove-user', user: name }], already: [] }
}

function planSsh({ ssh: wished }: Wish, { ssh, closedPorts }: Seen): Plan {
  if (wished === undefined) return nothing
  if (!ssh.installed) throw new HandlerFailure('sshd is not installed, so its configuration cannot be reset.')
  if (wished === 'restore' && !ssh.hasBackup) {
    throw new HandlerFailure('There is no backup of the SSH configuration that has not been restored already.')
  }
  const firewall: Step[] = closedPorts.length === 0 ? [] : [{ do: 'open-firewall', ports: closedPorts }]
  const hostKeys: Step[] = ssh.hostKeysUnfit ? [{ do: 'repair-host-keys' }] : []
  return {
    steps: [...firewall, ...hostKeys, { do: wished === 'reset' ? 'reset-ssh' : 'restore-ssh' }],
    already:
      firewall.length > 0 ? [] : [{ name: 'firewall', text: 'No firewall of this machine bars the way to sshd.' }],
  }
}

function planUser(wish: Wish, seen: Seen): Plan {
  const { user } = wish
  if (!user || !seen.user) return nothing
  // A removal in the same run comes first, and what is made then is a fresh account.
  const isFresh = wish.removeUser === user.name
  const account = isFresh ? undefined : seen.user.account
  checkAccount(user.name, account, { ...seen.user, isFresh, leastUserId: seen.leastUserId })
  if (!account && user.password === undefined && user.keys.length === 0) {
    throw new HandlerFailure('No password or ssh_key is specified.')
  }
  demandAnotherWayIn(wish, seen, account)
  const admission = planAdmission(wish, seen)
  const keys = planKeys(wish, isFresh || !account ? undefined : seen.keyLines)
  const sudo = planSudo(wish, seen, isFresh)
  return {
    steps: [
      ...planAccount(wish, seen, account),
      ...admission.steps,
      ...keys.steps,
      // Last, so that whoever cannot come in after all is no administrator either.
      ...sudo.steps,
    ],
    already: [...shellRemarks(account), ...admission.already, ...keys.already, ...sudo.already],
  }
}

/** Keys may all go only where another way in stays. */
function demandAnotherWayIn({ user }: Wish, seen: Seen, account: Account | undefined): void {
  if (!user?.removePriorKeys || user.keys.length > 0 || user.password !== undefined || !account) return
  if (seen.user?.shadow?.hash.startsWith('$') && (seen.ssh.password || seen.ssh.keyboardInteractive)) return
  throw new HandlerFailure(
    `remove_prior_keys would leave ${user.name} no way to sign in; give an ssh_key or a password with it.`,
  )
}

const shellRemarks = (account: Account | undefined): Already[] =>
  account && /\/(nologin|false)$/.test(account.shell)
    ? [
        {
          name: 'username',
          text: `The shell of ${account.name} is ${account.shell}, which ends every session at once; chsh gives another.`,
          isWarning: true,
        },
      ]
    : []

const isSystemAccount = ({ uid }: Account, leastUserId: number) => uid < leastUserId || uid === nobodyId

function checkAccount(
  name: string,
  account: Account | undefined,
  seen: SeenUser & { isFresh: boolean; leastUserId: number },
): void {
  const failed = 'Failed to create the account or set the password with'
  if (account && isSystemAccount(account, seen.leastUserId)) {
    throw new HandlerFailure(`${failed} Failed to set password for system user: ${name} (0x06).`)
  }
  if (account) return
  const cannotCreate = (why: string) =>
    new HandlerFailure(`${failed} Failed to create user account: ${name} (0x07). ${why}`)
  if (seen.isForeign) throw cannotCreate('A directory service knows that name already.')
  if (seen.hasGroup && !seen.isFresh) throw cannotCreate('There is a group of that name already.')
}

function planAccount({ user }: Wish, seen: Seen, account: Account | undefined): Step[] {
  if (!user) return []
  const { name, password, expiration } = user
  const needsPasswordStep = password !== undefined
  const common: Step[] = needsPasswordStep ? [{ do: 'set-password', user: name }] : []
  if (!account) {
    const expiry = expiration === undefined || expiration === 'never' ? {} : { expiration }
    // Without PAM, sshd lets nobody in whose password is locked with '!', not even with a key.
    const unlock: Step[] = !needsPasswordStep && !seen.ssh.usesPam ? [{ do: 'allow-keys', user: name }] : []
    return [{ do: 'create-user', user: name, shell: seen.shell, ...expiry }, ...common, ...unlock]
  }
  const expiryDay = seen.user?.shadow?.expiryDay
  const hasExpired = expiryDay !== undefined && expiryDay <= seen.today
  const isLocked = seen.user?.shadow?.hash.startsWith('!') === true
  const unlock: Step[] = !needsPasswordStep && !seen.ssh.usesPam && isLocked ? [{ do: 'allow-keys', user: name }] : []
  const expire: Step[] =
    expiration !== undefined
      ? [{ do: 'set-expiration', user: name, expiration, why: 'asked' }]
      : hasExpired
        ? [{ do: 'set-expiration', user: name, expiration: 'never', why: 'expired' }]
        : []
  // By PAM, whoever should have changed a password long ago is not let in with a key either.
  const mayUsePam = seen.ssh.usesPam || seen.ssh.problem !== undefined
  const renew: Step[] =
    !needsPasswordStep && user.keys.length > 0 && mayUsePam && isPasswordAged(seen.user?.shadow, seen.today)
      ? [{ do: 'renew-password-age', user: name, day: seen.today }]
      : []
  return [...common, ...unlock, ...renew, ...expire]
}

/** shadow(5): a change on day 0 stands for one that is to come, and lengths that are not there are without limit. */
function isPasswordAged(shadow: Shadow | undefined, today: number): boolean {
  const { lastChange, maxDays } = shadow ?? {}
  if (lastChange === undefined) return false
  return lastChange === 0 || (maxDays !== undefined && today > lastChange + maxDays)
}

/** What sshd must be told, for this user alone, so that the password or the key opens the machine. */
function planAdmission(wish: Wish, { ssh }: Seen): Plan {
  const { user } = wish
  if (!user || (user.password === undefined && user.keys.length === 0)) return nothing
  const say = (text: string): Plan => ({ steps: [], already: [{ name: 'ssh', text, isWarning: true }] })
  if (!ssh.installed) return say('sshd is not installed on this machine.')
  const means: Means[] = [
    ...(user.password === undefined ? [] : ['password' as const]),
    ...(user.keys.length === 0 ? [] : ['publickey' as const]),
  ]
  // What sshd will say after a reset or a restore is not known yet: the step asks it then.
  if (wish.ssh !== undefined) return { steps: [{ do: 'admit-as-needed', user: user.name, means }], already: [] }
  if (ssh.problem !== undefined) {
    const text = `sshd refuses its present configuration; run reset_ssh first. It says: ${ssh.problem}`
    if (user.password !== undefined) throw new HandlerFailure(text)
    return say(text)
  }
  const admission = neededAdmission(user.name, means, ssh)
  if (Object.keys(admission).length > 0) return { steps: [{ do: 'admit', user: user.name, admission }], already: [] }
  return { steps: [], already: [{ name: 'ssh', text: `sshd lets ${user.name} in as it is.` }] }
}

/** Throws HandlerFailure when no setting for this user alone would do. */
export function neededAdmission(user: string, means: readonly Means[], ssh: SeenSsh): Admission {
  const bySystem = ssh.turnedAwayBy
  if (bySystem === 'denyusers' || bySystem === 'denygroups') {
    throw new HandlerFailure(`sshd turns ${user} away because of ${bySystem}; remove that rule, or run reset_ssh.`)
  }
  const demanded = ssh.authenticationMethods
  const suffices =
    demanded === 'any' ||
    demanded.split(/\s+/).some(list => list.split(',').every(method => means.some(one => one === method)))
  if (!suffices) {
    throw new HandlerFailure(
      `sshd demands the authentication methods ${demanded} of ${user}, which ${quoted(means)} cannot fulfil.`,
    )
  }
  const admission: Record<string, string> = {}
  if (means.includes('password') && (!ssh.password || ssh.keyboardInteractive)) {
    // What the extension is documented to set, for everybody; here for the user alone.
    admission.passwordauthentication = 'yes'
    admission.kbdinteractiveauthentication = 'no'
  }
  if (means.includes('publickey') && !ssh.publicKey) admission.pubkeyauthentication = 'yes'
  if (bySystem === 'allowusers') admission.allowusers = user
  // Whoever may come in by name need not be in a group, but sshd asks for both.
  if (bySystem === 'allowgroups') admission.allowgroups = '*'
  return admission
}

function planKeys({ user }: Wish, present: readonly string[] | undefined): Plan {
  if (!user || (user.keys.length === 0 && !user.removePriorKeys)) return nothing
  const known = new Set((present ?? []).flatMap(line => keyId(line) ?? []))
  const wanted = user.keys.map(keyLine)
  const fresh = wanted.filter((line, index) => isFirst(line, index, wanted) && !known.has(keyId(line) ?? ''))
  const others = [...known].filter(id => !wanted.some(line => keyId(line) === id))
  const replace = user.removePriorKeys
  if (fresh.length === 0 && !(replace && others.length > 0) && present !== undefined) {
    // Still a step: modes that sshd's StrictModes objects to are repaired on the way.
    return { steps: [{ do: 'set-keys', user: user.name, lines: [], replace: false }], already: [] }
  }
  const lines = replace ? wanted.filter((line, index) => isFirst(line, index, wanted)) : fresh
  return { steps: [{ do: 'set-keys', user: user.name, lines, replace }], already: [] }
}

/** Options are part of what a key may do, so the same key with other options is another wish. */
function keyId(line: string): string | undefined {
  const key = readKeyLine(line)
  return key && `${key.options} ${key.blob.toString('base64')}`
}

const isFirst = (line: string, index: number, all: readonly string[]) =>
  all.findIndex(other => keyId(other) === keyId(line)) === index

function planSudo({ user }: Wish, seen: Seen, isFresh: boolean): Plan {
  // A new day of expiry alone is no recovery of access.
  if (!user || (user.password === undefined && user.keys.length === 0)) return nothing
  const present = isFresh ? undefined : seen.user?.sudo
  const asked = user.passwordlessSudo === undefined ? undefined : user.passwordlessSudo ? 'passwordless' : 'password'
  // Without a password there is nothing that sudo could ask for. A right that was there is not taken away by the way.
  const rule = asked ?? (user.password === undefined || present === 'passwordless' ? 'passwordless' : 'password')
  const include: Step[] = seen.sudoReadsFolder ? [] : [{ do: 'include-sudoers' }]
  if (present === rule && include.length === 0) {
    return { steps: [], already: [{ name: 'sudo', text: `${user.name} has its sudo rule already (${rule}).` }] }
  }
  return { steps: [...include, { do: 'grant-sudo', user: user.name, rule }], already: [] }
}
