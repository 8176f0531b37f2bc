/**
 * sshd_config(5) as text: what this project adds to it, and the way back to a default. Of all keywords sshd takes the
 * first value it meets, and values of a Match block win over those outside; so what we add are Match blocks for single
 * users, in a file that sorts before all others, or, where sshd reads no such file, in a marked part of the main one.
 */

import type { StoredFile } from './files.ts'

/** All files that sshd reads its configuration from, by path. */
export type SshFiles = ReadonlyMap<string, StoredFile>

export const sshFolder = '/etc/ssh'
export const mainFile = `${sshFolder}/sshd_config`
/** What openSUSE's and SUSE's sshd reads as long as there is no main file. It belongs to the package. */
export const vendorFile = '/usr/etc/ssh/sshd_config'
export const dropInFolder = `${sshFolder}/sshd_config.d`
export const dropInFile = `${dropInFolder}/00-lazuli-vm-access.conf`

const [begin, end] = ['# BEGIN Lazuli VMAccess', '# END Lazuli VMAccess']
const dropInMode = 0o600
const mainMode = 0o644

/** Keyword and value, for one user. */
export type Admission = Readonly<Record<string, string>>

type Line = { readonly keyword: string; readonly rest: string; readonly at: number }

/** The lines that say something: keyword in lower case, the rest as it stands. */
function statements(text: string): Line[] {
  return text.split('\n').flatMap((line, at) => {
    const [, keyword = '', rest = ''] = /^\s*([A-Za-z][A-Za-z0-9]*)(?:\s*=\s*|\s+)(.*?)\s*$/.exec(line) ?? []
    return keyword === '' ? [] : [{ keyword: keyword.toLowerCase(), rest, at }]
  })
}

/** Whether a main file reads our drop-in for every connection: by an Include outside of all Match blocks. */
export function readsDropIn(text: string): boolean {
  const lines = statements(text)
  const firstMatch = lines.findIndex(({ keyword }) => keyword === 'match')
  return lines
    .slice(0, firstMatch === -1 ? lines.length : firstMatch)
    .filter(({ keyword }) => keyword === 'include')
    .flatMap(({ rest }) => words(rest))
    .some(pattern => matches(absolute(pattern), dropInFile))
}

/** A main file that reads the drop-ins of another folder instead of its own: for trying a change out. */
export function withDropInFolder(text: string, folder: string): string {
  const lines = text.split('\n')
  for (const { keyword, rest, at } of statements(text)) {
    if (keyword !== 'include') continue
    const patterns = words(rest).map(absolute)
    const moved = patterns.map(path =>
      path.startsWith(`${dropInFolder}/`) ? folder + path.slice(dropInFolder.length) : path,
    )
    lines[at] = `Include ${moved.map(path => (/\s/.test(path) ? `"${path}"` : path)).join(' ')}`
  }
  return lines.join('\n')
}

/** What our own part says, by user. */
export function admissions(files: SshFiles): Map<string, Admission> {
  const found = new Map<string, Admission>()
  let user: string | undefined
  for (const { keyword, rest } of statements(ownText(files))) {
    const [, name] = /^user\s+(\S+)$/i.exec(rest) ?? []
    if (keyword === 'match') user = name
    else if (user !== undefined) found.set(user, { ...found.get(user), [keyword]: rest })
  }
  return found
}

/**
 * The files with these admissions and no others as our part. `vendorText` is what sshd reads without a main file; where
 * that reads no drop-ins, the main file becomes a copy of it.
 */
export function withAdmissions(files: SshFiles, wanted: ReadonlyMap<string, Admission>, vendorText = ''): SshFiles {
  const blocks = [...wanted].map(([user, admission]) =>
    [`Match User ${user}`, ...Object.entries(admission).map(([key, value]) => `    ${spell(key)} ${value}`)].join('\n'),
  )
  const changed = new Map(files)
  const main = files.get(mainFile)
  const text = main?.content.toString('utf8') ?? vendorText
  const bare = withoutOwnPart(text)
  if (readsDropIn(text)) {
    if (main && bare !== text) changed.set(mainFile, { ...main, content: Buffer.from(bare) })
    const before = files.get(dropInFile) ?? { mode: dropInMode, uid: 0, gid: 0 }
    if (blocks.length === 0) changed.delete(dropInFile)
    else changed.set(dropInFile, { ...before, content: Buffer.from(`${heading}\n${blocks.join('\n')}\n`) })
    return changed
  }
  changed.delete(dropInFile)
  if (!main && blocks.length === 0) return changed
  // "Match all" ends our last block; the part stands before the first other Match, whose values would win over ours.
  const part = blocks.length === 0 ? [] : [begin, heading, ...blocks, 'Match all', end]
  const lines = bare.split('\n')
  const firstMatch = statements(bare).find(({ keyword }) => keyword === 'match')?.at
  const at = firstMatch ?? (lines.at(-1) === '' ? lines.length - 1 : lines.length)
  const content = Buffer.from([...lines.slice(0, at), ...part, ...lines.slice(at)].join('\n'))
  changed.set(mainFile, { ...(main ?? { mode: mainMode, uid: 0, gid: 0 }), content })
  return changed
}

const heading = '# For the users that the VMAccess extension gave access to. Removed with restore_backup_ssh.'

/** Our own lines, wherever they are. */
function ownText(files: SshFiles): string {
  const inMain = ownPart(files.get(mainFile)?.content.toString('utf8') ?? '')
  return `${files.get(dropInFile)?.content.toString('utf8') ?? ''}\n${inMain}`
}

const partPattern = new RegExp(`^${begin}\\n(?:.*\\n)*?${end}(?:\\n|$)`, 'm')
const ownPart = (text: string) => partPattern.exec(text)?.[0] ?? ''
const withoutOwnPart = (text: string) => text.replace(partPattern, '')

/**
 * The way back to a default: the main file is the packaged one, and the drop-ins are those that came with packages or
 * with the image, and our own. `ports` are those that sshd listens on now: moving it would lock people out.
 */
export function resetFiles(
  files: SshFiles,
  { packaged, keep, ports }: { packaged: string; keep: (path: string) => boolean; ports: readonly number[] },
): SshFiles {
  const before = files.get(mainFile) ?? { mode: mainMode, uid: 0, gid: 0 }
  const isDefaultPort = ports.length === 0 || (ports.length === 1 && ports[0] === 22)
  const lines = isDefaultPort ? [] : ports.map(port => `Port ${port}`)
  const text = [...lines, packaged].join('\n')
  const reset = new Map([...files].filter(([path]) => path === dropInFile || (path !== mainFile && keep(path))))
  reset.set(mainFile, { ...before, content: Buffer.from(text.endsWith('\n') ? text : `${text}\n`) })
  return withAdmissions(reset, admissions(files))
}

/** The ports that files name outside of Match blocks, read by us where sshd refuses to. */
export function writtenPorts(files: SshFiles): number[] {
  return [...files.values()].flatMap(({ content }) => {
    const lines = statements(content.toString('utf8'))
    const firstMatch = lines.findIndex(({ keyword }) => keyword === 'match')
    return lines.slice(0, firstMatch === -1 ? lines.length : firstMatch).flatMap(({ keyword, rest }) => {
      const pattern = keyword === 'port' ? /^(\d{1,5})$/ : keyword === 'listenaddress' ? /^\S+:(\d{1,5})$/ : undefined
      const port = Number(pattern?.exec(rest)?.[1] ?? 0)
      return port > 0 && port < 65_536 ? [port] : []
    })
  })
}

const spelling = [
  'PasswordAuthentication',
  'KbdInteractiveAuthentication',
  'PubkeyAuthentication',
  'AllowUsers',
  'AllowGroups',
]
const spell = (keyword: string) => spelling.find(known => known.toLowerCase() === keyword.toLowerCase()) ?? keyword

const words = (rest: string) => (rest.match(/"[^"]*"|[^\s"#]+/g) ?? []).map(word => word.replace(/^"(.*)"$/, '$1'))
const absolute = (path: string) => (path.startsWith('/') ? path : `${sshFolder}/${path}`)

/** glob(7) without brackets: enough for every Include that distributions ship. */
export function matches(pattern: string, path: string): boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*/g, '[^/]*')
    .replace(/\?/g, '[^/]')
  return new RegExp(`^${source}$`).test(path)
}
