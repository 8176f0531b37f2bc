/** The ssh server: what it would do for a user, and how a new configuration gets into it without closing a session. */

import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import {
  makeFolder,
  readStored,
  readTextIfPresent,
  removeDurably,
  statIfPresent,
  syncFolder,
  writeDurably,
} from './files.ts'
import { findProgram, type Run } from './run.ts'
import { dropInFolder, mainFile, matches, type SshFiles, vendorFile, withDropInFolder } from './sshd-config.ts'

/** `sshd -T`: keyword in lower case, with each value that is printed for it. */
export type Effective = ReadonlyMap<string, readonly string[]>

/** What must be true of a user's connections for a change to have its effect. */
export type Proof = { readonly user: string; readonly expected: Readonly<Record<string, string>> }

/** Thrown when sshd would not do as wished. The text says what it would do. */
export class WithoutEffect extends Error {
  override readonly name = 'WithoutEffect'
}

export function findSshd(): string | undefined {
  return findProgram('sshd')
}

/** The files that make up the configuration, as they are now. */
export function readSshFiles(): SshFiles {
  const paths = statIfPresent(dropInFolder)?.isDirectory()
    ? readdirSync(dropInFolder)
        .sort()
        .map(name => join(dropInFolder, name))
    : []
  const files = [mainFile, ...paths].flatMap(path => {
    const status = statIfPresent(path)
    // Links are left alone: what they lead to is somebody else's, and rewriting would cut the link.
    if (!status?.isFile()) return []
    const stored = readStored(path)
    return stored ? [[path, stored] as const] : []
  })
  return new Map(files)
}

/** Asks sshd what holds for connections of a user, or in general. Throws with sshd's words when it cannot start so. */
export async function readEffective(
  run: Run,
  { user, file }: { user?: string; file?: string } = {},
): Promise<Effective> {
  const sshd = findSshd()
  if (!sshd) throw new Error('sshd is not installed')
  makePrivilegeFolder()
  // Every Match criterion needs a value, or sshd refuses to answer. The address is one that no rule singles out.
  const who = user === undefined ? [] : ['-C', `user=${user},host=vm,addr=203.0.113.1,laddr=203.0.113.2,lport=22`]
  const from = file === undefined ? [] : ['-f', file]
  const { stdout } = await run(sshd, ['-T', ...from, ...who])
  const effective = new Map<string, string[]>()
  for (const line of stdout.toString('utf8').split('\n')) {
    const [, key = '', value = ''] = /^(\S+)\s?(.*)$/.exec(line) ?? []
    if (key !== '') effective.set(key, [...(effective.get(key) ?? []), value])
  }
  return effective
}

/** What sshd reads when it has no main file; nothing where it would not do that. */
export const vendorText = (): string => readTextIfPresent(vendorFile) ?? ''

/**
 * Replaces the configuration. It is tried as a whole in a folder of its own first, down to what it means for the users
 * of `proofs`, and once more in place. Throws when it is refused or has not the effect; the caller puts the files back.
 */
export async function replaceSshFiles(
  wanted: SshFiles,
  { proofs, folder, run }: { proofs: readonly Proof[]; folder: string; run: Run },
): Promise<void> {
  const candidate = mkdtempSync(join(folder, 'sshd-'))
  try {
    const drops = join(candidate, 'sshd_config.d')
    makeFolder(drops, { mode: 0o700 })
    for (const [path, { content }] of wanted) {
      if (path === mainFile) continue
      await writeDurably(join(drops, path.slice(dropInFolder.length + 1)), content, { mode: 0o600 })
    }
    const text = wanted.get(mainFile)?.content.toString('utf8') ?? vendorText()
    await writeDurably(join(candidate, 'main'), withDropInFolder(text, drops), { mode: 0o600 })
    await prove(proofs, run, join(candidate, 'main'))
  } finally {
    rmSync(candidate, { recursive: true, force: true })
  }
  await putSshFiles(wanted, run)
  await prove(proofs, run)
}

/** Makes the files be exactly these, each in one step. */
export async function putSshFiles(wanted: SshFiles, run: Run): Promise<void> {
  const now = readSshFiles()
  for (const [path, file] of wanted) {
    const before = now.get(path)
    const isSame =
      before?.content.equals(file.content) &&
      before.mode === file.mode &&
      before.uid === file.uid &&
      before.gid === file.gid
    if (isSame) continue
    if (path !== mainFile) makeFolder(dropInFolder, { mode: 0o755 })
    await writeDurably(path, file.content, file, { path: before ? path : mainFile, run })
  }
  for (const path of now.keys()) if (!wanted.has(path)) removeDurably(path)
  if (statIfPresent(dropInFolder)) syncFolder(dropInFolder)
}

async function prove(proofs: readonly Proof[], run: Run, file?: string): Promise<void> {
  const from = file === undefined ? {} : { file }
  await readEffective(run, from)
  for (const { user, expected } of proofs) {
    const effective = await readEffective(run, { user, ...from })
    for (const [key, value] of Object.entries(expected)) {
      const found = effective.get(key)?.join(' ')
      if (found !== value)
        throw new WithoutEffect(`sshd would still use ${key} ${found ?? 'of unknown value'} for ${user}`)
    }
  }
}

/** Socket activation and some init scripts make it only when sshd starts, and sshd refuses every question without it. */
function makePrivilegeFolder(): void {
  const path = '/run/sshd'
  if (statIfPresent('/run')?.isDirectory() && !statIfPresent(path)) makeFolder(path, { mode: 0o755 })
}

/** Why sshd would turn a user away before any key or password counts; undefined when it would not. */
export function turnedAway(
  effective: Effective,
  user: string,
  groups: readonly string[],
): { by: 'denyusers' | 'denygroups' | 'allowusers' | 'allowgroups' } | undefined {
  const names = (key: string) => (effective.get(key) ?? []).flatMap(value => value.split(/\s+/)).filter(Boolean)
  const named = (pattern: string) => matches(pattern.replace(/@.*$/, ''), user)
  const grouped = (pattern: string) => groups.some(group => matches(pattern, group))
  if (names('denyusers').some(named)) return { by: 'denyusers' }
  if (names('denygroups').some(grouped)) return { by: 'denygroups' }
  const [users, allowedGroups] = [names('allowusers'), names('allowgroups')]
  if (users.length > 0 && !users.some(named)) return { by: 'allowusers' }
  if (allowedGroups.length > 0 && !allowedGroups.some(grouped)) return { by: 'allowgroups' }
  return undefined
}
