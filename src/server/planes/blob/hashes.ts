import { createHash } from 'node:crypto'
import { Crc64 } from '../../signatures/crc64.ts'
import * as refusals from './refusals.ts'

/** What the client says that the hash is; null where it says nothing. */
export type GivenHashes = { readonly md5: string | null; readonly crc64: string | null }

/** In base64, where it was computed. */
export type Hashes = { readonly md5: string | undefined; readonly crc64: string | undefined }

/** Those of a request's own body, or of the source of a copy. Throws 400. */
export function givenHashes(headers: Headers, prefix: '' | 'x-ms-source-' = ''): GivenHashes {
  const crcName = `${prefix === '' ? 'x-ms-' : prefix}content-crc64`
  const [md5, crc64] = [headers.get(`${prefix}content-md5`), headers.get(crcName)]
  if (md5 !== null && crc64 !== null) throw refusals.bothHashes()
  if (md5 !== null && Buffer.from(md5, 'base64').length !== 16) throw refusals.invalidMd5()
  if (crc64 !== null && Buffer.from(crc64, 'base64').length !== 8) throw refusals.invalidHeader(crcName, crc64)
  return { md5, crc64 }
}

/** Computes the MD5 when it is given or wanted, and the CRC when that is given or there is no MD5. */
export function hashing(given: GivenHashes, { md5: wanted = false } = {}) {
  const md5 = wanted || given.md5 !== null ? createHash('md5') : undefined
  const crc = md5 && given.crc64 === null ? undefined : new Crc64()
  return {
    update(bytes: Uint8Array): void {
      md5?.update(bytes)
      crc?.update(bytes)
    },
    /** Throws 400 when it is not what was given. */
    checked(): Hashes {
      const computed = { md5: md5?.digest('base64'), crc64: crc?.digest().toString('base64') }
      if (given.md5 !== null && computed.md5 !== given.md5) throw refusals.md5Mismatch(given.md5, computed.md5 ?? '')
      if (given.crc64 !== null && computed.crc64 !== given.crc64)
        throw refusals.crc64Mismatch(given.crc64, computed.crc64 ?? '')
      return computed
    },
  }
}

/** Of a body that is in memory as a whole. Throws 400 when it is not what the client says. */
export function checkedHashes(headers: Headers, body: Uint8Array): Hashes {
  const hashes = hashing(givenHashes(headers))
  hashes.update(body)
  return hashes.checked()
}

/** The hashes that an answer tells: the CRC where the client sent no MD5. */
export const hashHeaders = ({ md5, crc64 }: Hashes) => ({ 'content-md5': md5, 'x-ms-content-crc64': crc64 })
