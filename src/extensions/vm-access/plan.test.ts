import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Shadow } from '../host/account-files.ts'
import { plan, type Seen, type SeenSsh, type SeenUser, type Step } from './plan.ts'
import { keyLine, parseKeys } from './public-keys.ts'
import { readWish, type Wish } from './settings.ts'

const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJeenLQi6sE7VsdIIHe4i7AMmXZCLS3F/j8bOSokbAUD'
const other = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f'

const ssh: SeenSsh = {
  installed: true,
  problem: undefined,
  usesPam: true,
  password: true,
  keyboardInteractive: false,
  publicKey: true,
  authenticationMethods: 'any',
  turnedAwayBy: undefined,
  hasBackup: false,
  hostKeysUnfit: false,
}
const nobody: SeenUser = {
  account: undefined,
  shadow: undefined,
  isForeign: false,
  hasGroup: false,
  sudo: undefined,
  isAdmitted: false,
}
const shadow: Shadow = {
  hash: '$y$j9T$salt$hash',
  lastChange: 20_000,
  minDays: 0,
  maxDays: 99_999,
  warnDays: 7,
  inactiveDays: undefined,
  expiryDay: undefined,
}
const bob: SeenUser = {
  ...nobody,
  account: { name: 'bob', uid: 1001, gid: 1001, comment: '', home: '/home/bob', shell: '/bin/bash' },
  shadow,
  hasGroup: true,
}
const daemon: SeenUser = {
  ...bob,
  account: { name: 'daemon', uid: 1, gid: 1, comment: '', home: '/usr/sbin', shell: '/usr/sbin/nologin' },
}
const empty: Seen = {
  leastUserId: 1000,
  today: 20_778,
  shell: '/bin/bash',
  sudoReadsFolder: true,
  user: undefined,
  removeUser: undefined,
  keyLines: undefined,
  ssh,
  closedPorts: [],
}

const wishOf = (settings: Record<string, unknown>): Wish =>
  readWish({ protectedSettings: settings, publicSettings: {} }, '2026-11-21')
const seeing = (more: Partial<Omit<Seen, 'ssh'>> & { ssh?: Partial<SeenSsh> }): Seen => ({
  ...empty,
  ...more,
  ssh: { ...ssh, ...more.ssh },
})

const create: Step = { do: 'create-user', user: 'bob', shell: '/bin/bash' }
const setPassword: Step = { do: 'set-password', user: 'bob' }
const addKey: Step = { do: 'set-keys', user: 'bob', lines: [key], replace: false }
const withPassword: Step = { do: 'grant-sudo', user: 'bob', rule: 'password' }
const passwordless: Step = { do: 'grant-sudo', user: 'bob', rule: 'passwordless' }
const admit = (admission: Record<string, string>): Step => ({ do: 'admit', user: 'bob', admission })
const password = { username: 'bob', password: 'secret' }
const keyed = { username: 'bob', ssh_key: key }

const plans: readonly (readonly [
  what: string,
  settings: Record<string, unknown>,
  seen: Seen,
  steps: readonly Step[],
])[] = [
  ['nothing is wished', {}, empty, []],
  ['a new user with a key', keyed, seeing({ user: nobody }), [create, addKey, passwordless]],
  ['a new user with a password', password, seeing({ user: nobody }), [create, setPassword, withPassword]],
  [
    'a new user who expires',
    { ...keyed, expiration: '2030-01-31' },
    seeing({ user: nobody }),
    [{ ...create, expiration: '2030-01-31' }, addKey, passwordless],
  ],
  [
    'a key that is there',
    keyed,
    seeing({ user: { ...bob, sudo: 'passwordless' }, keyLines: [`${key} old`] }),
    [{ ...addKey, lines: [] }],
  ],
  [
    'the same key with other options',
    { ...keyed, ssh_key: `restrict ${key}` },
    seeing({ user: bob, keyLines: [key] }),
    [{ ...addKey, lines: [`restrict ${key}`] }, passwordless],
  ],
  [
    'a key given twice',
    { ...keyed, ssh_key: `${key} a\n${key} b\n${other}` },
    seeing({ user: nobody }),
    [create, { ...addKey, lines: [`${key} a`, other] }, passwordless],
  ],
  [
    'prior keys to be removed',
    { ...keyed, remove_prior_keys: 'true' },
    seeing({ user: bob, keyLines: [other] }),
    [{ ...addKey, replace: true }, passwordless],
  ],
  [
    'prior keys to be removed for a password',
    { ...password, remove_prior_keys: true },
    seeing({ user: bob, keyLines: [other] }),
    [setPassword, { ...addKey, lines: [], replace: true }, withPassword],
  ],
  [
    'passwords that are off',
    password,
    seeing({ user: bob, ssh: { password: false } }),
    [setPassword, admit({ passwordauthentication: 'yes', kbdinteractiveauthentication: 'no' }), withPassword],
  ],
  [
    'keys that are off',
    keyed,
    seeing({ user: bob, ssh: { publicKey: false } }),
    [admit({ pubkeyauthentication: 'yes' }), addKey, passwordless],
  ],
  [
    'a user who is not among those allowed',
    keyed,
    seeing({ user: bob, ssh: { turnedAwayBy: 'allowusers' } }),
    [admit({ allowusers: 'bob' }), addKey, passwordless],
  ],
  [
    'a right to sudo without password that was there',
    password,
    seeing({ user: { ...bob, sudo: 'passwordless' } }),
    [setPassword],
  ],
  [
    'no password for sudo, asked for',
    { ...password, enable_passwordless_access: true },
    seeing({ user: bob }),
    [setPassword, passwordless],
  ],
  [
    'a folder that sudo does not read',
    keyed,
    seeing({ user: nobody, sudoReadsFolder: false }),
    [create, addKey, { do: 'include-sudoers' }, passwordless],
  ],
  [
    'an account that has expired',
    password,
    seeing({ user: { ...bob, shadow: { ...shadow, expiryDay: 20_778 } } }),
    [setPassword, { do: 'set-expiration', user: 'bob', expiration: 'never', why: 'expired' }, withPassword],
  ],
  [
    'a key for who has to change the password first',
    keyed,
    seeing({ user: { ...bob, shadow: { ...shadow, lastChange: 0 } } }),
    [{ do: 'renew-password-age', user: 'bob', day: 20_778 }, addKey, passwordless],
  ],
  [
    'a key for who should have changed the password yesterday',
    keyed,
    seeing({ user: { ...bob, shadow: { ...shadow, lastChange: 20_747, maxDays: 30 } } }),
    [{ do: 'renew-password-age', user: 'bob', day: 20_778 }, addKey, passwordless],
  ],
  [
    'a key for who has to change the password first, while sshd does not say whether it asks PAM',
    { ...keyed, reset_ssh: true },
    seeing({ user: { ...bob, shadow: { ...shadow, lastChange: 0 } }, ssh: { usesPam: false, problem: 'line 3' } }),
    [
      { do: 'reset-ssh' },
      { do: 'renew-password-age', user: 'bob', day: 20_778 },
      { do: 'admit-as-needed', user: 'bob', means: ['publickey'] },
      addKey,
      passwordless,
    ],
  ],
  [
    'a key for who has to change the password tomorrow',
    keyed,
    seeing({ user: { ...bob, shadow: { ...shadow, lastChange: 20_748, maxDays: 30 } } }),
    [addKey, passwordless],
  ],
  [
    'all keys to go where a password stays',
    { username: 'bob', expiration: 'never', remove_prior_keys: true },
    seeing({ user: bob, keyLines: [key] }),
    [
      { do: 'set-expiration', user: 'bob', expiration: 'never', why: 'asked' },
      { ...addKey, lines: [], replace: true },
    ],
  ],
  [
    'a new day of expiry only',
    { username: 'bob', expiration: 'never' },
    seeing({ user: bob }),
    [{ do: 'set-expiration', user: 'bob', expiration: 'never', why: 'asked' }],
  ],
  [
    'a locked account without PAM',
    keyed,
    seeing({ user: { ...bob, shadow: { ...shadow, hash: '!' } }, ssh: { usesPam: false } }),
    [{ do: 'allow-keys', user: 'bob' }, addKey, passwordless],
  ],
  [
    'a user to be removed',
    { remove_user: 'bob' },
    seeing({ removeUser: { ...bob, isAdmitted: true } }),
    [
      { do: 'forget-admission', user: 'bob' },
      { do: 'remove-user', user: 'bob' },
    ],
  ],
  ['a user who is not there', { remove_user: 'bob' }, seeing({ removeUser: nobody }), []],
  [
    'a user who is gone but for a sudo rule',
    { remove_user: 'bob' },
    seeing({ removeUser: { ...nobody, sudo: 'password' } }),
    [{ do: 'remove-user', user: 'bob' }],
  ],
  [
    'the same user removed and named again',
    { ...keyed, remove_user: 'bob' },
    seeing({ user: bob, removeUser: bob, keyLines: [other] }),
    [{ do: 'remove-user', user: 'bob' }, create, addKey, passwordless],
  ],
  [
    'a reset behind a firewall',
    { reset_ssh: true },
    seeing({ closedPorts: [2222] }),
    [{ do: 'open-firewall', ports: [2222] }, { do: 'reset-ssh' }],
  ],
  [
    'a reset with a password',
    { reset_ssh: true, ...password },
    seeing({ user: bob, ssh: { problem: 'broken', turnedAwayBy: 'denyusers' } }),
    [{ do: 'reset-ssh' }, setPassword, { do: 'admit-as-needed', user: 'bob', means: ['password'] }, withPassword],
  ],
  [
    'a reset where sshd has no host keys that it takes',
    { reset_ssh: true },
    seeing({ ssh: { hostKeysUnfit: true, problem: 'no hostkeys available' } }),
    [{ do: 'repair-host-keys' }, { do: 'reset-ssh' }],
  ],
  ['a restore', { restore_backup_ssh: true }, seeing({ ssh: { hasBackup: true } }), [{ do: 'restore-ssh' }]],
  [
    'a machine without sshd',
    keyed,
    seeing({ user: nobody, ssh: { installed: false } }),
    [create, addKey, passwordless],
  ],
]
for (const [what, settings, seen, steps] of plans) {
  test(`planned: ${what}`, () => {
    assert.deepEqual(plan(wishOf(settings), seen).steps, steps)
  })
}

const refusals: readonly (readonly [what: string, settings: Record<string, unknown>, seen: Seen, text: RegExp])[] = [
  ['a system account', { ...password, username: 'daemon' }, seeing({ user: daemon }), /system user: daemon \(0x06\)/],
  [
    'removing a system account',
    { remove_user: 'daemon' },
    seeing({ removeUser: daemon }),
    /daemon is a system account/,
  ],
  [
    'a name that a directory knows',
    password,
    seeing({ user: { ...nobody, isForeign: true } }),
    /\(0x07\)\. A directory/,
  ],
  ['a name that is a group', password, seeing({ user: { ...nobody, hasGroup: true } }), /\(0x07\)\. There is a group/],
  [
    'removing a foreign user',
    { remove_user: 'bob' },
    seeing({ removeUser: { ...nobody, isForeign: true } }),
    /not an account/,
  ],
  [
    'nothing to come in with',
    { username: 'bob', expiration: '2030-01-31' },
    seeing({ user: nobody }),
    /No password or ssh_key/,
  ],
  [
    'a user whom sshd denies',
    password,
    seeing({ user: bob, ssh: { turnedAwayBy: 'denygroups' } }),
    /because of denygroups/,
  ],
  [
    'a broken configuration',
    password,
    seeing({ user: bob, ssh: { problem: 'line 3' } }),
    /run reset_ssh first. It says: line 3/,
  ],
  [
    'a second factor',
    password,
    seeing({ user: bob, ssh: { authenticationMethods: 'publickey,password' } }),
    /publickey,password/,
  ],
  [
    'all keys to go where there is no password',
    { username: 'bob', expiration: 'never', remove_prior_keys: true },
    seeing({ user: { ...bob, shadow: { ...shadow, hash: '!' } }, keyLines: [key] }),
    /no way to sign in/,
  ],
  [
    'all keys to go where sshd takes no passwords',
    { username: 'bob', expiration: 'never', remove_prior_keys: true },
    seeing({ user: bob, keyLines: [key], ssh: { password: false } }),
    /no way to sign in/,
  ],
  ['a reset without sshd', { reset_ssh: true }, seeing({ ssh: { installed: false } }), /sshd is not installed/],
  ['a restore without backup', { restore_backup_ssh: true }, empty, /There is no backup/],
]
for (const [what, settings, seen, text] of refusals) {
  test(`refused before anything is changed: ${what}`, () => {
    assert.throws(() => plan(wishOf(settings), seen), { name: 'HandlerFailure', message: text })
  })
}

test('two factors suffice where both are given', () => {
  const seen = seeing({ user: bob, ssh: { authenticationMethods: 'publickey,password' } })
  assert.equal(plan(wishOf({ ...password, ssh_key: key }), seen).steps[0]?.do, 'set-password')
})

test('what is there already is said', () => {
  const present = { ...bob, sudo: 'passwordless' as const }
  const { already } = plan(
    wishOf(keyed),
    seeing({ user: present, keyLines: [keyLine(parseKeys(key)[0] ?? assert.fail())] }),
  )
  assert.deepEqual(
    already.map(({ text }) => text),
    ['sshd lets bob in as it is.', 'bob has its sudo rule already (passwordless).'],
  )
})

test('what is in the way of a key and cannot be mended here is said', () => {
  const account = { ...bob.account, name: 'bob', shell: '/usr/sbin/nologin' }
  const { already } = plan(
    wishOf(keyed),
    seeing({ user: { ...bob, account: account as SeenUser['account'] }, ssh: { problem: 'line 3' } }),
  )
  assert.deepEqual(
    already.map(({ text, isWarning }) => ({ text, isWarning })),
    [
      {
        text: 'The shell of bob is /usr/sbin/nologin, which ends every session at once; chsh gives another.',
        isWarning: true,
      },
      { text: 'sshd refuses its present configuration; run reset_ssh first. It says: line 3', isWarning: true },
    ],
  )
})
