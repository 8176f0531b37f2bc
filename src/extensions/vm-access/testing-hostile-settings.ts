/** Settings of which each must be refused with nothing changed: what careless templates and hostile callers send. */

import type { Settings } from '../handler/settings.ts'

export type Hostile = { readonly why: string } & Settings

const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f'
const password = 'Correct-horse-1'
const user = { username: 'mallory', password }

const hidden = (why: string, protectedSettings: Settings['protectedSettings']): Hostile => ({
  why,
  protectedSettings,
  publicSettings: {},
})
const open = (why: string, publicSettings: Settings['publicSettings']): Hostile => ({
  why,
  protectedSettings: {},
  publicSettings,
})
const shown = (value: unknown) => JSON.stringify(value).slice(0, 40)

const noText = [0, 1, -1.5, true, false, [], ['mallory'], {}, { name: 'mallory' }, [null]]
const texts = ['username', 'password', 'ssh_key', 'remove_user', 'expiration']
const noFlag = [0, 1, 'yes', 'no', 'on', 'off', '1', 'truee', ' true', 't', [], {}, ['true'], 'null']
const flags = ['reset_ssh', 'restore_backup_ssh', 'remove_prior_keys', 'enable_passwordless_access']

const names = [
  ...['ALL', 'Defaults', 'User_Alias', 'Runas_Alias', 'Host_Alias', 'Cmnd_Alias', 'Cmd_Alias', 'ADMINS', 'A', 'OPS_1'],
  ...[
    '%sudo',
    '#0',
    '#1000',
    '!root',
    '+netgroup',
    '@include',
    '"root"',
    "o'neil",
    'a,b',
    'a=b',
    'a:b',
    'a;id',
    'a|id',
  ],
  ...['-r', '--help', '-', '..', '.', './a', '../root', '/etc/passwd', 'a/b', 'a\\b', '$(id)', '`id`', 'a&b', 'a>b'],
  ...[
    'a b',
    ' a',
    'a ',
    '\ta',
    'a\n',
    'a\nALL ALL=(ALL) NOPASSWD: ALL',
    'a\r\nroot',
    'a\u0000b',
    'a\u0085b',
    'a\u2028b',
  ],
  ...[
    '*',
    '?',
    'b*b',
    'a[b]',
    'a{b,c}',
    '~root',
    'a#b',
    '1user',
    '9',
    'user.',
    '\u0430dmin',
    'müller',
    '用户',
    'e\u0301',
  ],
  ...['\u202Eroot', 'ro\u200Bot', '\uFEFFroot', '😀', 'a'.repeat(33), 'a'.repeat(100_000), 'user@domain', 'dom\\user'],
]

const systemNames = ['root', 'daemon', 'sshd', 'www-data', 'nobody', 'bin', 'sync', '_apt']

const rsa1024 =
  'ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQDbW8D8lWqQqkVSlgrW2E1sCnXP7zKCJ0EfSSz0cZ6ZHmJ1u2yYQdL8vLvmB6zUuUf0r3JXk1dYpzY0ZrQ9l6c7Yx5kJcXb4M1gqv9w2tq8o3j5p7s6d4f3g2h1k0l9z8x7c6v5b4n3m2a1s0d9f8g7h6j5k4l3'
const keys = [
  ...[
    'ssh-rsa',
    'ssh-rsa not a key',
    'ssh-ed25519 AAAA',
    'ssh-ed25519',
    'garbage',
    '\u0000',
    '# only a comment',
    '\n\n',
  ],
  ...[key.replace('ssh-ed25519 ', 'ssh-rsa '), key.slice(0, -4), `${key}AAAA`, key.replace('AAAAC3', 'AAAAC4')],
  ...[
    `${key}\nssh-rsa not a key`,
    `${key}\nroot ALL=(ALL) ALL`,
    `${key} comment\u0000`,
    `${key}\u001b[2J`,
    `${key}\u2028${key}`,
  ],
  ...[`evil="x" ${key}`, `command=id ${key}`, `command="id ${key}`, `no-such-option ${key}`, `from= ${key}`, `,${key}`],
  ...[
    `restrict,${key}`,
    `environment="A=B",evil ${key}`,
    `cert-authority`,
    'ssh-dss AAAAB3NzaC1kc3MAAACBAA==',
    rsa1024,
  ],
  ...['ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAAAA', 'sk-ssh-ed25519@openssh.com AAAA'],
  ...[
    'ssh-ed25519-cert-v01@openssh.com AAAAIHNzaC1lZDI1NTE5LWNlcnQtdjAxQG9wZW5zc2guY29t',
    '---- BEGIN SSH2 PUBLIC KEY ----',
  ],
  ...[
    '---- BEGIN SSH2 PUBLIC KEY ----\nAAAA\n---- END SSH2 PUBLIC KEY ----',
    '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----',
  ],
  ...['-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----', '-----BEGIN PUBLIC KEY-----'],
  ...['-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjE=\n-----END OPENSSH PRIVATE KEY-----'],
  ...[
    '-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----',
    'A'.repeat(200_000),
    `${key}\n`.repeat(2_000),
  ],
  ...[
    '../../etc/shadow',
    '/etc/shadow',
    'file:///etc/shadow',
    '@/root/.ssh/id_rsa',
    '$(cat /etc/shadow)',
    'sSh-EdD25519 x',
  ],
]

const passwords = [
  'line\nbreak',
  'carriage\rreturn',
  'nul\u0000',
  'tab\tulator',
  'esc\u001b',
  'nel\u0085',
  'ls\u2028',
  'x'.repeat(512),
].concat(['é'.repeat(256), 'mallory:x\nroot:owned', '\uD800'])

const dates = [
  ...[
    'soon',
    '2040-02-30',
    '2040-13-01',
    '2040-00-10',
    '2040-1-1',
    '01-02-2040',
    '2040/01/01',
    '20400101',
    '2040-01-01 ',
  ],
  ...[
    '2001-01-01',
    '0000-00-00',
    '-1',
    '0',
    '1',
    '99999',
    '2040-01-01T25:00:00Z',
    '2040-01-01T10:00',
    '2040-01-01; id',
    '+1 day',
  ],
  ...['2040-01-01\n', '２０４０-01-01', 'tomorrow', 'NaN', 'infinity', '2040-01-01T10:00:00+02:00'],
]

const disks = [
  ...[
    '../etc',
    '../../dev/sda',
    '/dev/../etc/passwd',
    'a/../b',
    '.',
    './x',
    '-a',
    '--help',
    '/',
    '',
    'a b',
    'a;reboot',
    '$(id)',
  ],
  ...[
    '`id`',
    'sda\n',
    'sda\u0000',
    '*',
    '/dev/sd?',
    'no-such-disk',
    '/dev/null',
    '/etc/passwd',
    'dev/zero',
    '/proc',
    'x'.repeat(5_000),
  ],
  ...['UUID=1234', 'LABEL=x', '\\\\server\\share', 'über', '//double'],
]

export const hostileSettings: readonly Hostile[] = [
  ...texts.flatMap(name => noText.map(value => hidden(`${name} ${shown(value)}`, { ...user, [name]: value }))),
  ...flags.flatMap(name => noFlag.map(value => hidden(`${name} ${shown(value)}`, { ...user, [name]: value }))),
  ...['check_disk', 'repair_disk'].flatMap(name =>
    noFlag.map(value => ({
      why: `${name} ${shown(value)}`,
      protectedSettings: user,
      publicSettings: { [name]: value },
    })),
  ),
  ...noText.map(value => open(`disk_name ${shown(value)}`, { check_disk: true, disk_name: value })),
  ...names.map(name => hidden(`username ${shown(name)}`, { username: name, password })),
  ...names.map(name => hidden(`remove_user ${shown(name)}`, { remove_user: name })),
  ...systemNames.map(name => hidden(`username ${name}`, { username: name, password })),
  ...systemNames.map(name => hidden(`remove_user ${name}`, { remove_user: name })),
  ...keys.map(text => hidden(`ssh_key ${shown(text)}`, { username: 'mallory', ssh_key: text })),
  ...passwords.map(text => hidden(`password ${shown(text)}`, { username: 'mallory', password: text })),
  ...dates.map(text => hidden(`expiration ${shown(text)}`, { ...user, expiration: text })),
  ...disks.map(name => open(`repair_disk ${shown(name)}`, { repair_disk: true, disk_name: name })),
  hidden('username alone', { username: 'mallory' }),
  hidden('nothing to come in with', { username: 'mallory', password: '', ssh_key: null }),
  hidden('password without username', { password }),
  hidden('ssh_key without username', { ssh_key: key }),
  hidden('expiration without username', { expiration: '2040-01-01' }),
  hidden('expiration of nobody', { username: 'mallory', expiration: '2040-01-01' }),
  hidden('remove_prior_keys without username', { remove_prior_keys: true }),
  hidden('remove_user and reset_ssh', { remove_user: 'mallory', reset_ssh: true }),
  hidden('remove_user and restore_backup_ssh', { remove_user: 'mallory', restore_backup_ssh: 'true' }),
  hidden('remove_user and password', { remove_user: 'alice', ...user }),
  hidden('reset and restore', { reset_ssh: true, restore_backup_ssh: true }),
  hidden('restore without backup', { restore_backup_ssh: true }),
  hidden('a good user and a bad flag', { ...user, reset_ssh: 'perhaps' }),
  hidden('a good password and a bad key', { ...user, ssh_key: 'ssh-rsa not a key' }),
  {
    why: 'both disk actions',
    protectedSettings: user,
    publicSettings: { check_disk: true, repair_disk: 'true', disk_name: 'x' },
  },
  { why: 'no disk name', protectedSettings: user, publicSettings: { repair_disk: true } },
  { why: 'set twice', protectedSettings: { check_disk: true }, publicSettings: { check_disk: false } },
  ...Object.entries({ ...user, ssh_key: key, reset_ssh: true, remove_user: 'mallory', expiration: '2040-01-01' }).map(
    ([name, value]) => open(`${name} in public`, { [name]: value }),
  ),
]

/** Those that only the machine can tell: they name what is not there, or what is the system's. */
export const isForTheMachine = ({ why, publicSettings }: Hostile): boolean =>
  systemNames.some(name => why.endsWith(` ${name}`)) ||
  ['restore without backup', 'expiration of nobody'].includes(why) ||
  publicSettings.repair_disk === true
