import { open } from 'node:fs/promises'
import { inflateRawSync } from 'node:zlib'
import { contentAt, type ReadAt, readZipDirectory } from '../../wire/zip.ts'

const mostBytes = 1024 * 1024

/**
 * Whether a package's manifest says that a machine may have several extensions of it, each with settings of its own. False
 * for a manifest that cannot be read: the agent says what is wrong with it.
 */
export async function supportsMultiple(archive: string): Promise<boolean> {
  const file = await open(archive, 'r')
  try {
    const read: ReadAt = async (at, length) => {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, at)
      return buffer.subarray(0, bytesRead)
    }
    const members = await readZipDirectory(read, (await file.stat()).size)
    const member = members.find(({ path }) => path === 'HandlerManifest.json')
    if (!member || member.bytes > mostBytes || member.compressedBytes > mostBytes) return false
    const packed = await read(await contentAt(read, member), member.compressedBytes)
    const text = member.method === 'stored' ? packed : inflateRawSync(packed, { maxOutputLength: mostBytes })
    const [{ handlerManifest }] = JSON.parse(
      Buffer.from(text)
        .toString('utf8')
        .replace(/^\uFEFF/, ''),
    )
    return String(handlerManifest.supportsMultipleExtensions).toLowerCase() === 'true'
  } catch {
    return false
  } finally {
    await file.close()
  }
}
