import { join } from 'node:path'
import type { Account } from '../../host/account-files.ts'
import type { Kept } from '../../host/backups.ts'
import { contentHash, readStored, statIfPresent } from '../../host/files.ts'
import { findProgram } from '../../host/run.ts'
import { findSshd, readEffective } from '../../host/sshd.ts'
import {
  folderModes,
  foldersOnTheWay,
  type Owner,
  readUserFile,
  removeUserFile,
  removeUserFolder,
  rootOwner,
  setFolderModes,
  strictModes,
  writeUserFile,
} from '../../host/user-files.ts'
import { readKeyLine } from '../public-keys.ts'
import { defineStep, type Host } from '../step.ts'

/** Where sshd looks for a user's keys, and with whose rights that file is written. */
export type KeyFile = { readonly path: string; readonly base: string; readonly owner: Owner }

const usualPath = '.ssh/authorized_keys'
const keyFileMode = 0o600

/** Asks sshd, whose AuthorizedKeysFile can name several places; the first is taken that is a file. */
export async function findKeyFile(account: Account, { run }: Pick<Host, 'run'>): Promise<KeyFile> {
  const patterns = await keyFilePatterns(account.name, run)
  const usable = patterns.find(pattern => pattern !== 'none')
  if (usable === undefined) throw new Error(`sshd reads no file of keys for ${account.name} (AuthorizedKeysFile none)`)
  const tokens: Readonly<Record<string, string>> = {
    '%': '%',
    h: account.home,
    u: account.name,
    U: String(account.uid),
  }
  const expanded = usable.replace(/%(.)/g, (all, token: string) => tokens[token] ?? all)
  const path = expanded.startsWith('/') ? expanded : join(account.home, expanded)
  const isAtHome = path.startsWith(`${account.home}/`)
  return isAtHome ? { path, base: account.home, owner: account } : { path, base: firstFolders(path), owner: rootOwner }
}

async function keyFilePatterns(user: string, run: Host['run']): Promise<string[]> {
  if (!findSshd()) return [usualPath]
  try {
    const effective = await readEffective(run, { user })
    return (effective.get('authorizedkeysfile') ?? [usualPath]).flatMap(value => value.split(/\s+/)).filter(Boolean)
  } catch {
    // A configuration that sshd refuses says nothing of where keys are; the usual place is where they will be looked for.
    return [usualPath]
  }
}

/** `/etc` of `/etc/ssh/keys/alice`: what is below is root's, too, and is checked on the way. */
const firstFolders = (path: string) => `/${path.split('/')[1] ?? ''}`

type Before =
  | {
      readonly file: KeyFile
      readonly kept: Kept | undefined
      readonly modes: Readonly<Record<string, number>>
      /** Folders on the way that were not there. */
      readonly missing: readonly string[]
    }
  | undefined

export const setKeys = defineStep<'set-keys', Before>({
  name: 'ssh_key',
  async before({ user }, host) {
    const account = host.accounts.find(user)
    if (!account) throw new Error(`there is no account ${user}`)
    const file = await findKeyFile(account, host)
    const { owner, base, path } = file
    const present = readUserFile(owner, base, path)
    const modes = folderModes(owner, base, path)
    const kept = present && (await host.backups.keepContent(path, present.content, present.mode))
    return { file, kept, modes, missing: foldersOnTheWay(base, path).filter(folder => !(folder in modes)) }
  },
  async apply({ lines, replace }, before, host) {
    if (!before) throw new Error('the file of keys is not known')
    const { file, kept, modes } = before
    const { owner, base, path } = file
    const present = readUserFile(owner, base, path)
    const text = present?.content.toString('utf8') ?? ''
    const wanted = replace ? joined('', lines) : joined(text, lines)
    // The owner's alone, as Azure leaves it; the file of a place that root keeps for all must be readable to its user.
    const mode = owner.uid === 0 ? (present?.mode ?? 0o644) & ~0o022 : keyFileMode
    const repaired = { ...strictModes(modes), ...privateFolders(file, modes) }
    setFolderModes(owner, base, repaired)
    const isChanged = wanted !== text || present?.mode !== mode
    if (isChanged) writeUserFile(owner, base, path, { content: Buffer.from(wanted), mode })
    await labelForSsh(path, host.run)
    const count = wanted.split('\n').filter(line => readKeyLine(line)).length
    return {
      text: `${lines.length === 0 ? 'Had the keys already:' : `Wrote ${lines.length} of`} ${count} keys in ${path}.`,
      changes: [
        ...(isChanged ? [record(path, kept, wanted, host.backups.id)] : []),
        ...Object.entries(repaired).map(([folder, mode]) => ({
          what: `mode of ${folder}`,
          before: (modes[folder] ?? 0).toString(8),
          after: mode.toString(8),
        })),
      ],
    }
  },
  async undo({ user }, before, { accounts }) {
    // The folders of an account that this run made go with it.
    if (!before || !accounts.find(user)) return
    const { file, kept, modes, missing } = before
    const { owner, base, path } = file
    if (kept?.copy === undefined) removeUserFile(owner, base, path)
    else {
      const content = readStored(kept.copy)?.content
      if (!content) throw new Error(`the backup of ${path} is gone`)
      writeUserFile(owner, base, path, { content, mode: kept.mode })
    }
    for (const folder of [...missing].reverse()) removeUserFolder(owner, base, folder)
    setFolderModes(owner, base, modes)
  },
})

/** The lines after what is there: on lines of their own, even where the last line was not ended. */
function joined(text: string, lines: readonly string[]): string {
  const whole = text === '' || text.endsWith('\n') ? text : `${text}\n`
  return whole + lines.map(line => `${line}\n`).join('')
}

/** Folders below the home that hold keys are nobody else's. */
function privateFolders({ owner, base }: KeyFile, modes: Readonly<Record<string, number>>): Record<string, number> {
  if (owner.uid === 0) return {}
  const open = Object.entries(modes).filter(([path, mode]) => path !== base && (mode & 0o077) !== 0)
  return Object.fromEntries(open.map(([path]) => [path, 0o700]))
}

const record = (path: string, kept: Kept | undefined, text: string, backup: string) => ({
  what: path,
  ...(kept?.hash === undefined ? {} : { before: kept.hash, backup }),
  after: contentHash(text),
})

/** With SELinux, sshd reads keys only where the policy expects them. */
async function labelForSsh(path: string, run: Host['run']): Promise<void> {
  if (statIfPresent('/sys/fs/selinux/enforce') && findProgram('restorecon')) {
    await run('restorecon', ['-F', '--', path], { anyExit: true })
  }
}
