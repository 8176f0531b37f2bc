import { createHash } from 'node:crypto'

export type Digest = 'sha256' | 'sha384' | 'sha512'

export const digestBytes: Readonly<Record<Digest, number>> = { sha256: 32, sha384: 48, sha512: 64 }

export const hash = (digest: Digest, ...parts: readonly Uint8Array[]): Buffer => {
  const sum = createHash(digest)
  for (const part of parts) sum.update(part)
  return sum.digest()
}
