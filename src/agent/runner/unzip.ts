import { chmod, type FileHandle, mkdir, open } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createInflateRaw } from 'node:zlib'
import { BadZip, contentAt, type ReadAt, readZipDirectory, type ZipMember } from '../../wire/zip.ts'
import { crc32 } from './crc32.ts'

/** What an honest package never needs; a hostile one fills no disk. */
const mostBytes = 1024 ** 3

/**
 * Unpacks an archive into a folder that is there and empty. Only files and folders come out of it: a link could lead
 * what is written after it to anywhere. Rejects with BadZip.
 */
export async function unzip(archive: string, folder: string): Promise<void> {
  const file = await open(archive, 'r')
  try {
    const read = readAt(file)
    const members = await readZipDirectory(read, (await file.stat()).size)
    if (members.reduce((sum, { bytes }) => sum + bytes, 0) > mostBytes) throw new BadZip('it is more than 1 GiB')
    for (const member of members) {
      if (member.isLink) throw new BadZip(`'${member.path}' is a link`)
      const path = join(folder, member.path)
      await mkdir(member.isFolder ? path : dirname(path), { recursive: true, mode: 0o755 })
      if (!member.isFolder) await extract(file, await contentAt(read, member), member, path)
    }
  } finally {
    await file.close()
  }
}

async function extract(archive: FileHandle, at: number, member: ZipMember, path: string): Promise<void> {
  // Whoever names a file twice does not get to choose what happens to the first.
  const target = await open(path, 'wx', 0o600)
  if (member.compressedBytes > 0) {
    const source = archive.createReadStream({ start: at, end: at + member.compressedBytes - 1, autoClose: false })
    const inflate = member.method === 'deflated' ? [createInflateRaw()] : []
    await pipeline([source, ...inflate, checked(member), target.createWriteStream()]).catch(error => {
      throw error instanceof BadZip ? error : new BadZip(`'${member.path}' cannot be unpacked: ${error.message}`)
    })
  } else {
    await target.close()
  }
  await chmod(path, member.mode ?? 0o644)
}

/** Lets through what the directory promises, no byte more, and fails at the end when it was something else. */
function checked({ path, bytes, crc32: promised }: ZipMember): Transform {
  let seen = 0
  let sum = 0
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      seen += chunk.length
      sum = crc32(chunk, sum)
      done(seen > bytes ? new BadZip(`'${path}' is longer than it says`) : null, chunk)
    },
    flush(done) {
      done(seen === bytes && sum === promised ? null : new BadZip(`'${path}' is damaged`))
    },
  })
}

const readAt =
  (file: FileHandle): ReadAt =>
  async (at, length) => {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, at)
    return buffer.subarray(0, bytesRead)
  }
