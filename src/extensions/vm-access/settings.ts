/**
 * From the two sections of settings to a wish: typed, checked, and complete before anything of the host is looked at.
 * The texts of refusals are those of Azure's VMAccess where it has one.
 */

import { HandlerFailure } from '../handler/failure.ts'
import type { Settings } from '../handler/settings.ts'
import { type AuthorizedKey, parseKeys, UnusableKey } from './public-keys.ts'

export type Wish = {
  readonly user:
    | {
        readonly name: string
        readonly password: string | undefined
        readonly keys: readonly AuthorizedKey[]
        readonly removePriorKeys: boolean
        /** `YYYY-MM-DD`: the first day on which the account is closed. */
        readonly expiration: string | 'never' | undefined
        /** sudo without a password: as asked for, undefined leaves it to the rule of the contract. */
        readonly passwordlessSudo: boolean | undefined
      }
    | undefined
  readonly removeUser: string | undefined
  readonly ssh: 'reset' | 'restore' | undefined
  readonly disk: { readonly action: 'check' | 'repair'; readonly name: string | undefined } | undefined
  /** What the operator should know, and what is no reason to refuse: settings that nobody reads. */
  readonly remarks: readonly string[]
}

const places = {
  username: 'protected',
  password: 'protected',
  ssh_key: 'protected',
  reset_ssh: 'protected',
  remove_user: 'protected',
  expiration: 'protected',
  remove_prior_keys: 'protected',
  restore_backup_ssh: 'protected',
  enable_passwordless_access: 'protected',
  check_disk: 'public',
  repair_disk: 'public',
  disk_name: 'public',
} as const
type Key = keyof typeof places

/** Checks all settings. Throws HandlerFailure with the text of the refusal; no part of a secret is in it. */
export function readWish({ publicSettings, protectedSettings }: Settings, today: string): Wish {
  const known = (key: string): key is Key => Object.hasOwn(places, key)
  for (const key of Object.keys(publicSettings)) {
    if (known(key) && places[key] === 'protected') refuse(`${key} belongs into the protectedSettings`)
  }
  for (const key of Object.keys(protectedSettings)) {
    if (Object.hasOwn(publicSettings, key) && known(key)) refuse(`${key} is set twice`)
  }
  // A key of the public section is no secret in the protected one, so it may stand in both.
  const given = { ...publicSettings, ...protectedSettings }
  const text = (key: Key) => readText(key, given[key])
  const flag = (key: Key) => readFlag(key, given[key])

  const wish = {
    user: readUser(text, flag, today),
    removeUser: optionalName('remove_user', text('remove_user')),
    ssh: flag('restore_backup_ssh') ? ('restore' as const) : flag('reset_ssh') ? ('reset' as const) : undefined,
    disk: readDisk(text, flag),
    remarks: Object.keys(given)
      .filter(key => !known(key))
      .map(key => `The setting ${JSON.stringify(key.slice(0, 60))} is not known and has no effect.`),
  }
  if (flag('restore_backup_ssh') && flag('reset_ssh')) {
    refuse('reset_ssh and restore_backup_ssh cannot both be done')
  }
  if (wish.removeUser !== undefined && (wish.ssh !== undefined || text('password') !== undefined)) {
    refuse('Cannot reset sshd_config and remove a user in one operation.')
  }
  return wish
}

type Reader<T> = (key: Key) => T

function readUser(text: Reader<string | undefined>, flag: Reader<boolean | undefined>, today: string): Wish['user'] {
  const name = optionalName('username', text('username'))
  const password = text('password')
  const keyText = text('ssh_key')
  const expiration = text('expiration')
  if (name === undefined) {
    const stray = (['password', 'ssh_key', 'expiration'] as const).find(key => text(key) !== undefined)
    if (stray) refuse(`${stray} is given without a username`)
    if (flag('remove_prior_keys')) refuse('remove_prior_keys is given without a username')
    return undefined
  }
  if (password === undefined && keyText === undefined && expiration === undefined) {
    refuse('No password or ssh_key is specified.')
  }
  if (password !== undefined) checkPassword(password)
  return {
    name,
    password,
    keys: keyText === undefined ? [] : readKeys(keyText),
    removePriorKeys: flag('remove_prior_keys') ?? false,
    expiration: expiration === undefined ? undefined : readExpiration(expiration, today),
    passwordlessSudo: flag('enable_passwordless_access'),
  }
}

function readKeys(text: string): AuthorizedKey[] {
  try {
    return parseKeys(text)
  } catch (error) {
    if (error instanceof UnusableKey) return refuse(`The ssh_key cannot be used: ${error.message}.`)
    throw error
  }
}

function readDisk(text: Reader<string | undefined>, flag: Reader<boolean | undefined>): Wish['disk'] {
  const name = text('disk_name')
  const [check, repair] = [flag('check_disk') ?? false, flag('repair_disk') ?? false]
  if (check && repair) refuse('check_disk and repair_disk cannot both be done')
  if (name !== undefined) checkDiskName(name)
  if (repair && name === undefined) refuse('repair_disk needs a disk_name')
  if (!check && !repair) return undefined
  return { action: check ? 'check' : 'repair', name }
}

/** Templates pass null and '' for a parameter that is not set. */
function readText(key: Key, value: unknown): string | undefined {
  if (value === undefined || value === null || value === '') return undefined
  if (typeof value !== 'string') return refuse(`${key} must be a string`)
  return value
}

function readFlag(key: Key, value: unknown): boolean | undefined {
  if (value === undefined || value === null || value === '') return undefined
  if (typeof value === 'boolean') return value
  const word = typeof value === 'string' ? value.toLowerCase() : ''
  if (word === 'true' || word === 'false') return word === 'true'
  return refuse(`${key} must be true or false`)
}

/**
 * In a file of sudoers or sshd these words are more than a name. sudo also takes words of capitals for aliases, which
 * can stand for any number of users.
 */
const wordsOfSudoers = /^(ALL|Defaults|(User|Runas|Host|Cmnd|Cmd)_Alias|[A-Z][A-Z0-9_]*)$/
const longestName = 32

function optionalName(key: Key, name: string | undefined): string | undefined {
  if (name === undefined) return undefined
  if (name.length > longestName || !/^[A-Za-z_][A-Za-z0-9_.-]*$/.test(name) || name.endsWith('.')) {
    refuse(
      `${key} must be a name of letters, digits, '.', '_' and '-' that begins with a letter, of at most 32 characters`,
    )
  }
  if (wordsOfSudoers.test(name)) refuse(`${key} must not be a word that sudo gives a meaning to`)
  return name
}

/** What pam_unix and crypt(3) still read. */
const longestPassword = 511

function checkPassword(password: string): void {
  if (/\p{Cc}|[\u2028\u2029]|\p{Cs}/u.test(password)) refuse('password has control characters')
  if (Buffer.byteLength(password) > longestPassword) refuse(`password is longer than ${longestPassword} bytes`)
}

function readExpiration(text: string, today: string): string {
  if (text.toLowerCase() === 'never') return 'never'
  const [, date = '', time] = /^(\d{4}-\d{2}-\d{2})(T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,7})?)?Z)?$/.exec(text) ?? []
  const parsed = new Date(`${date}T00:00:00Z`)
  const isDate = !Number.isNaN(parsed.getTime()) && parsed.toISOString().startsWith(date)
  if (date === '' || !isDate || (time !== undefined && Number.isNaN(Date.parse(`${date}${time}`)))) {
    refuse('expiration must be a date of the form yyyy-mm-dd, or never')
  }
  // An account is closed from its day of expiry on, so a day that has come would lock it at once.
  if (date <= today) refuse('expiration must be a day to come')
  return date
}

/** Either a device or the folder that it is mounted on. What of it exists is for the host to say. */
function checkDiskName(name: string): void {
  const isPath = /^\/?[A-Za-z0-9_+:.-]+(\/[A-Za-z0-9_+:.-]+)*$/.test(name)
  if (
    !isPath ||
    name.startsWith('-') ||
    name.length > 255 ||
    name.split('/').includes('..') ||
    name.split('/').includes('.')
  ) {
    refuse('disk_name must be the name of a device or of the folder that it is mounted on')
  }
}

function refuse(text: string): never {
  throw new HandlerFailure(text)
}
