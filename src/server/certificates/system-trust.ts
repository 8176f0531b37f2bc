/**
 * Makes every program of this host trust the local CA, or no longer. Only ever done because an operator asked for it.
 */

import { readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { shellWord } from '../shell-word.ts'
import { isErrno, readIfPresent, writeDurably } from '../store/durable-file.ts'

export type SystemTrustOptions = {
  /** Tells the CAs of several data directories apart: lower-case letters, digits and dashes. */
  readonly instance: string
  /** Who we are; only 0 may change the system's store. */
  readonly uid: number
  /** Runs a command to its end; rejects when that fails. */
  readonly run: (command: string, args: readonly string[]) => Promise<void>
  /** The root of the file system to change. */
  readonly root?: string
}

export type TrustChange = { readonly file: string; readonly outcome: 'applied' | 'already' }

type Command = readonly [command: string, ...args: string[]]

type Store = {
  readonly anchors: string
  readonly suffix: '.crt' | '.pem'
  readonly update: Command
  /** Where it differs from `update`. */
  readonly updateAfterRemoval?: Command
}

/** Told apart by the folder for local anchors. Debian's stands last, because others carry it for compatibility. */
const stores: readonly Store[] = [
  // Fedora, RHEL and their kin
  { anchors: 'etc/pki/ca-trust/source/anchors', suffix: '.pem', update: ['update-ca-trust', 'extract'] },
  // SUSE
  { anchors: 'etc/pki/trust/anchors', suffix: '.pem', update: ['update-ca-certificates'] },
  // Arch
  { anchors: 'etc/ca-certificates/trust-source/anchors', suffix: '.crt', update: ['update-ca-trust'] },
  // Debian, Ubuntu, Alpine. Without --fresh, Debian leaves the link in /etc/ssl/certs dangling.
  {
    anchors: 'usr/local/share/ca-certificates',
    suffix: '.crt',
    update: ['update-ca-certificates'],
    updateAfterRemoval: ['update-ca-certificates', '--fresh'],
  },
]

/** Installs the CA of `caFile`. Throws, with the commands to type, when not root or when the host has no known store. */
export async function trustSystemWide(options: SystemTrustOptions & { readonly caFile: string }): Promise<TrustChange> {
  const { store, file } = await locate(options)
  if (options.uid !== 0) throw needsRoot([['install', '-m', '0644', options.caFile, file], store.update])
  const pem = await readFile(options.caFile, 'utf8')
  const outcome = (await readIfPresent(file)) === pem ? 'already' : 'applied'
  if (outcome === 'applied') await writeDurably(file, pem, { mode: 0o644 })
  // Also when the file was there: an earlier attempt may have ended between the file and the update.
  await runCommand(store.update, options)
  return { file, outcome }
}

/** Undoes `trustSystemWide`. */
export async function distrustSystemWide(options: SystemTrustOptions): Promise<TrustChange> {
  const { store, file } = await locate(options)
  const updateCommand = store.updateAfterRemoval ?? store.update
  if (options.uid !== 0) throw needsRoot([['rm', '-f', file], updateCommand])
  const outcome = (await readIfPresent(file)) === undefined ? 'already' : 'applied'
  await rm(file, { force: true })
  await runCommand(updateCommand, options)
  return { file, outcome }
}

async function locate({ instance, root = '/' }: SystemTrustOptions): Promise<{ store: Store; file: string }> {
  if (!/^[a-z0-9][a-z0-9-]*$/.test(instance)) throw new Error(`"${instance}" is not a name for an instance.`)
  for (const store of stores) {
    const folder = join(root, store.anchors)
    if (await isFolder(folder)) return { store, file: join(folder, `lazuli-${instance}${store.suffix}`) }
  }
  throw noKnownStore()
}

function runCommand([command, ...args]: Command, { run }: SystemTrustOptions): Promise<void> {
  return run(command, args)
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory()
  } catch (error) {
    if (isErrno(error, 'ENOENT') || isErrno(error, 'ENOTDIR')) return false
    throw error
  }
}

const needsRoot = (commands: readonly Command[]) =>
  new Error(`Changing what the whole host trusts needs root. Run: ${commands.map(sudoLine).join(' && ')}`)

const noKnownStore = () =>
  new Error(
    'No system-wide store of trusted CAs was found. On Debian, Ubuntu, Alpine, Fedora, RHEL, SUSE and Arch, install the ' +
      'package ca-certificates; elsewhere give programs the CA file, for example in SSL_CERT_FILE.',
  )

function sudoLine(argv: Command): string {
  return ['sudo', ...argv].map(shellWord).join(' ')
}
