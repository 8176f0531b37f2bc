/** Makes zip archives, always the same one of the same files: packages are known by their digests. */

import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { crc32, deflateRawSync } from 'node:zlib'

export type ZipFile = {
  readonly path: string
  readonly content: string | Uint8Array
  /** Of a Unix file, with its type; default: an ordinary one, 0644. */
  readonly mode?: number
}

const ordinary = 0o100644

/** An archive with these members in this order, whatever their paths are. */
export function zip(files: readonly ZipFile[]): Buffer {
  const locals: Buffer[] = []
  const entries: Buffer[] = []
  let at = 0
  for (const { path, content, mode = ordinary } of files) {
    const bytes = Buffer.from(content)
    const packed = deflateRawSync(bytes)
    const name = Buffer.from(path)
    // Version 2.0, UTF-8 names, deflated, 1980-01-01.
    const shared = Buffer.alloc(26)
    shared.writeUInt16LE(20, 0)
    shared.writeUInt16LE(0x0800, 2)
    shared.writeUInt16LE(8, 4)
    shared.writeUInt16LE(0x21, 8)
    shared.writeUInt32LE(crc32(bytes), 10)
    shared.writeUInt32LE(packed.length, 14)
    shared.writeUInt32LE(bytes.length, 18)
    shared.writeUInt16LE(name.length, 22)
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), shared, name, packed])

    const rest = Buffer.alloc(14)
    rest.writeUInt32LE((mode << 16) >>> 0, 6)
    rest.writeUInt32LE(at, 10)
    entries.push(Buffer.concat([Buffer.from('PK\x01\x02'), Buffer.of(20, 3), shared, rest, name]))
    locals.push(local)
    at += local.length
  }
  const directory = Buffer.concat(entries)
  const end = Buffer.alloc(22)
  end.write('PK\x05\x06')
  end.writeUInt16LE(files.length, 8)
  end.writeUInt16LE(files.length, 10)
  end.writeUInt32LE(directory.length, 12)
  end.writeUInt32LE(at, 16)
  return Buffer.concat([...locals, directory, end])
}

/** All files below a folder, ready to be put into an archive. */
export function filesBelow(folder: string, below = ''): ZipFile[] {
  return readdirSync(join(folder, below), { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap(entry => {
      const path = below === '' ? entry.name : `${below}/${entry.name}`
      if (entry.isDirectory()) return filesBelow(folder, path)
      const isProgram = (statSync(join(folder, path)).mode & 0o100) !== 0
      return [{ path, content: readFileSync(join(folder, path)), mode: isProgram ? 0o100755 : ordinary }]
    })
}
