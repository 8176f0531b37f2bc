/**
 * What Azure's provisioning does on a machine's first start, done before it: name, host keys, administrator. Files are
 * written from outside, which is safe only while nothing has run in the machine: later its root could put a link in
 * the way that leads to a file of the host.
 */

import { createHash } from 'node:crypto'
import { chmod, chown, mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { HostKey, MachineSpec } from '../driver.ts'
import type { Run } from '../run.ts'
import { makeIdentity } from './agent.ts'

const hostKeyTypes = ['ed25519', 'ecdsa']

/** Rejects what would become something else than a name, a key or a password in the file it is written to. */
export function checkSpec({ computerName, admin }: MachineSpec): void {
  if (!/^[A-Za-z0-9]([A-Za-z0-9-]{0,62})$/.test(computerName)) throw new Error('The computer name is not a host name.')
  if (!/^[A-Za-z_][A-Za-z0-9_.-]{0,31}$/.test(admin.username))
    throw new Error('The user name is not one Linux accepts.')
  if (admin.password !== undefined && /[\n\r\0]/.test(admin.password)) throw new Error('The password has a line break.')
  if (admin.sshPublicKeys.some(key => /[\n\r\0]/.test(key.trim()))) throw new Error('An SSH key has a line break.')
}

/** Provisions the file system at `root` and returns the machine's public keys. */
export async function provision(
  root: string,
  spec: MachineSpec,
  run: Run,
): Promise<{ hostKeys: HostKey[]; agentKey: string }> {
  const { computerName, admin } = spec
  const yesNo = admin.passwordAuthentication ? 'yes' : 'no'
  const sudo = admin.password === undefined ? 'NOPASSWD:ALL' : 'ALL'
  const identity = makeIdentity(spec.id)
  const files: [path: string, mode: number, text: string][] = [
    ['etc/hostname', 0o644, `${computerName}\n`],
    ['etc/hosts', 0o644, `127.0.0.1 localhost\n127.0.1.1 ${computerName}\n::1 localhost ip6-localhost ip6-loopback\n`],
    ['etc/machine-id', 0o444, `${spec.id.replaceAll('-', '')}\n`],
    // Where Azure's own agent writes them, so that tools that look for them do.
    // In quotes, because sudo has a meaning of its own for some names: `ALL` would let everyone in.
    ['etc/sudoers.d/waagent', 0o440, `"${admin.username}" ALL=(ALL) ${sudo}\n`],
    ['etc/ssh/sshd_config.d/50-lazuli.conf', 0o600, `PasswordAuthentication ${yesNo}\n`],
    [identity.path, 0o600, identity.text],
  ]
  await Promise.all(files.map(([path, mode, text]) => write(join(root, path), mode, text)))
  const [hostKeys] = await Promise.all([
    Promise.all(hostKeyTypes.map(type => makeHostKey(root, type, computerName, run))),
    addAdministrator(root, admin, run),
  ])
  return { hostKeys, agentKey: identity.publicKey }
}

async function addAdministrator(root: string, admin: MachineSpec['admin'], run: Run): Promise<void> {
  const { username, password, sshPublicKeys } = admin
  const groups = 'adm,sudo'
  await run('chroot', [root, 'useradd', '-m', '-s', '/bin/bash', '-G', groups, '--', username])
  if (password !== undefined) await run('chroot', [root, 'chpasswd'], { stdin: `${username}:${password}\n` })
  if (sshPublicKeys.length === 0) return

  const { uid, gid, home } = await readAccount(root, username)
  const folder = join(root, home, '.ssh')
  await mkdir(folder, { mode: 0o700 })
  await chown(folder, uid, gid)
  const file = join(folder, 'authorized_keys')
  await write(file, 0o600, sshPublicKeys.map(key => `${key.trim()}\n`).join(''))
  await chown(file, uid, gid)
}

async function readAccount(root: string, username: string): Promise<{ uid: number; gid: number; home: string }> {
  const accounts = await readFile(join(root, 'etc/passwd'), 'utf8')
  const [, , uid, gid, , home] =
    accounts
      .split('\n')
      .find(line => line.startsWith(`${username}:`))
      ?.split(':') ?? []
  if (!home) throw new Error(`useradd made no account '${username}'.`)
  return { uid: Number(uid), gid: Number(gid), home }
}

async function makeHostKey(root: string, type: string, computerName: string, run: Run): Promise<HostKey> {
  const path = `/etc/ssh/ssh_host_${type}_key`
  const options = ['-q', '-t', type, '-N', '', '-C', `root@${computerName}`]
  await run('chroot', [root, 'ssh-keygen', ...options, '-f', path])
  const [keyType = '', blob = ''] = (await readFile(join(root, `${path}.pub`), 'utf8')).split(' ')
  return { type: keyType, publicKey: `${keyType} ${blob}`, fingerprint: fingerprint(blob) }
}

/** As `ssh-keygen -l` prints it. */
const fingerprint = (blob: string) =>
  `SHA256:${createHash('sha256').update(Buffer.from(blob, 'base64')).digest('base64').replace(/=+$/, '')}`

async function write(path: string, mode: number, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, text)
  await chmod(path, mode)
}
