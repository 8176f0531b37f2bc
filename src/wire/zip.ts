/**
 * The directory of a zip archive (PKWARE's APPNOTE, sections 4.3 and 4.4), which is what an extension's package is. What
 * extensions do not use is refused: encryption, several volumes, archives or members of more than 4 GiB.
 */

export type ZipMember = {
  /** With slashes; a folder's ends with one. */
  readonly path: string
  readonly isFolder: boolean
  readonly isLink: boolean
  /** Of a Unix file; undefined when another system made the archive. */
  readonly mode: number | undefined
  readonly method: 'stored' | 'deflated'
  readonly crc32: number
  readonly compressedBytes: number
  readonly bytes: number
  /** Where its local header begins. */
  readonly headerAt: number
}

/** The archive cannot be read, or is one that nobody should unpack. */
export class BadZip extends Error {
  override readonly name = 'BadZip'
}

/** Reads `length` bytes at `at`, or fewer where the archive ends. */
export type ReadAt = (at: number, length: number) => Promise<Uint8Array>

const endSignature = 0x06054b50
const entrySignature = 0x02014b50
const localSignature = 0x04034b50
const endBytes = 22
const mostCommentBytes = 0xffff
const entryBytes = 46
const localBytes = 30

const mostMembers = 20_000
const encrypted = 1
const madeByUnix = 3
const fileTypeMask = 0o170000
const linkType = 0o120000
const folderType = 0o040000

/** The members in the order of the directory. Rejects with BadZip; a path that leads out of a folder is bad, too. */
export async function readZipDirectory(read: ReadAt, size: number): Promise<ZipMember[]> {
  const tailAt = Math.max(0, size - endBytes - mostCommentBytes)
  const tail = view(await read(tailAt, size - tailAt))
  const end = findEnd(tail)
  if (end === undefined) throw new BadZip('it has no directory')
  const count = tail.getUint16(end + 10, true)
  const length = tail.getUint32(end + 12, true)
  const start = tail.getUint32(end + 16, true)
  if (tail.getUint16(end + 4, true) !== 0 || start + length > tailAt + end)
    throw new BadZip('its directory is not whole')
  if (count > mostMembers) throw new BadZip(`it has more than ${mostMembers} members`)

  const directory = await read(start, length)
  if (directory.length < length) throw new BadZip('its directory is not whole')
  const members: ZipMember[] = []
  let at = 0
  while (members.length < count) {
    const { member, next } = readEntry(directory, at)
    members.push(member)
    at = next
  }
  return members
}

/** Where a member's content begins. */
export async function contentAt(read: ReadAt, { headerAt, path }: ZipMember): Promise<number> {
  const header = view(await read(headerAt, localBytes))
  if (header.byteLength < localBytes || header.getUint32(0, true) !== localSignature) {
    throw new BadZip(`'${path}' is not where the directory says`)
  }
  return headerAt + localBytes + header.getUint16(26, true) + header.getUint16(28, true)
}

function findEnd(tail: DataView): number | undefined {
  for (let at = tail.byteLength - endBytes; at >= 0; at--) {
    if (tail.getUint32(at, true) !== endSignature) continue
    // A comment may contain the signature; only the true end is followed by as many bytes as it says.
    if (at + endBytes + tail.getUint16(at + 20, true) === tail.byteLength) return at
  }
  return undefined
}

function readEntry(directory: Uint8Array, at: number): { member: ZipMember; next: number } {
  const entry = view(directory)
  if (at + entryBytes > directory.length || entry.getUint32(at, true) !== entrySignature) {
    throw new BadZip('its directory is damaged')
  }
  const u16 = (offset: number) => entry.getUint16(at + offset, true)
  const u32 = (offset: number) => entry.getUint32(at + offset, true)
  const pathEnd = at + entryBytes + u16(28)
  const path = safePath(directory.subarray(at + entryBytes, pathEnd))
  if (u16(8) & encrypted) throw new BadZip(`'${path}' is encrypted`)
  const method = ({ 0: 'stored', 8: 'deflated' } as const)[u16(10)]
  if (method === undefined) throw new BadZip(`'${path}' is compressed in a way that packages are not`)
  if ([u32(20), u32(24), u32(42)].includes(0xffffffff)) throw new BadZip(`'${path}' is larger than 4 GiB`)
  const unixMode = u16(4) >> 8 === madeByUnix ? u32(38) >>> 16 : 0
  return {
    member: {
      path,
      isFolder: path.endsWith('/') || (unixMode & fileTypeMask) === folderType,
      isLink: (unixMode & fileTypeMask) === linkType,
      mode: unixMode === 0 ? undefined : unixMode & 0o777,
      method,
      crc32: u32(16),
      compressedBytes: u32(20),
      bytes: u32(24),
      headerAt: u32(42),
    },
    next: pathEnd + u16(30) + u16(32),
  }
}

function safePath(bytes: Uint8Array): string {
  const path = new TextDecoder().decode(bytes).replaceAll('\\', '/')
  const segments = path.replace(/\/$/, '').split('/')
  if (path.includes('\0') || segments.some(segment => ['', '.', '..'].includes(segment))) {
    throw new BadZip(`'${path}' is no place below a folder`)
  }
  return path
}

const view = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
