import { createHash } from 'node:crypto'
import { chmod, mkdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { isErrno } from '../../store/durable-file.ts'
import type { Run } from '../run.ts'
import { agentUnit } from './agent.ts'
import type { CgroupLayout } from './cgroups.ts'
import { fabricAddress } from './network.ts'
import type { Site } from './site.ts'

const authority = 'usr/local/share/ca-certificates/lazuli.crt'
const certificates = 'etc/ssl/certs'
const bundle = `${certificates}/ca-certificates.crt`

/** Below which machines find each other, as in every Azure virtual network. */
export const internalDomain = 'internal.cloudapp.net'

/**
 * With control groups of version 1 nobody tells systemd that the last process of a group has ended, and now and then it
 * waits for a user's session until the time for stopping it is over: two minutes, in which no shutdown goes on.
 */
const impatience = [
  { path: 'etc/systemd/system/user@.service.d/10-lazuli.conf', text: '[Service]\nTimeoutStopSec=1s\n' },
  // Of all scopes whose names begin so.
  { path: 'etc/systemd/system/session-.scope.d/10-lazuli.conf', text: '[Scope]\nTimeoutStopSec=1s\n' },
]

/**
 * Makes the layer between the image and every machine's disk, with what is alike in all machines of an instance: our
 * certificate authority, trusted exactly as update-ca-certificates(8) would leave it, where to ask for names, and the
 * agent's unit. Returns its folder, which is made once per authority, image and kind of control groups.
 */
export async function ensureInstanceLayer(
  site: Site,
  { imageRoot, caPem, cgroups, run }: { imageRoot: string; caPem: string; cgroups: CgroupLayout; run: Run },
): Promise<string> {
  const folder = join(
    site.stateDir,
    'layers',
    hash(`${imageRoot}\n${caPem}\n${cgroups.mode}\n${agentUnit.text}\n${JSON.stringify(impatience)}`),
  )
  if (await exists(folder)) return folder

  const draft = `${folder}.building`
  await rm(draft, { recursive: true, force: true })
  const pem = `${caPem.trim()}\n`
  const trusted = await readFile(join(imageRoot, bundle), 'utf8')
  // The bundle is for OpenSSL's CAfile and everyone else; the link named after the subject is for its CApath.
  const subject = await run('chroot', [imageRoot, 'openssl', 'x509', '-noout', '-subject_hash'], { stdin: pem })
  await write(draft, authority, pem)
  await write(draft, bundle, trusted + pem)
  await symlink(`/${authority}`, join(draft, certificates, 'lazuli.pem'))
  await symlink('lazuli.pem', join(draft, certificates, `${subject.stdout.trim()}.0`))
  await write(draft, 'etc/resolv.conf', `nameserver ${fabricAddress}\nsearch ${internalDomain}\n`)
  await write(draft, agentUnit.path, agentUnit.text)
  await mkdir(join(draft, dirname(agentUnit.wantedBy)), { recursive: true, mode: 0o755 })
  await symlink(`/${agentUnit.path}`, join(draft, agentUnit.wantedBy))
  if (cgroups.mode !== 'v2') for (const { path, text } of impatience) await write(draft, path, text)
  await rename(draft, folder)
  return folder
}

async function write(root: string, path: string, text: string): Promise<void> {
  // The layer's folders show through in machines, whatever the umask of this process is.
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    await mkdir(join(root, folder), { recursive: true })
    await chmod(join(root, folder), 0o755)
    if (folder === '.') break
  }
  await writeFile(join(root, path), text)
  await chmod(join(root, path), 0o644)
}

const hash = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 12)

const exists = (path: string) =>
  stat(path).then(
    () => true,
    (error: unknown) => {
      if (isErrno(error, 'ENOENT')) return false
      throw error
    },
  )
