/** The wire form of SSH public keys: RFC 4253 §6.6, RFC 5656 §3.1, RFC 8709, and OpenSSH's PROTOCOL.u2f. */

import type { KeyObject } from 'node:crypto'

export type PublicKey = {
  readonly type: string
  readonly blob: Buffer
  /** Of the modulus; undefined for all but RSA. */
  readonly rsaBits: number | undefined
}

/** How many fields follow the type, and what the last ones must look like. */
type Shape = (fields: readonly Buffer[]) => boolean

const isCurve =
  (curve: string, fieldBytes: number): Shape =>
  ([name, point]) =>
    // RFC 5656 allows compressed points, OpenSSH does not.
    name?.toString('latin1') === curve && point?.[0] === 4 && point.length === 1 + 2 * fieldBytes

const exactly =
  (count: number, shape: Shape): Shape =>
  fields =>
    fields.length === count && shape(fields)

/** An application such as `ssh:`, which a security key binds a key to. */
const isApplication = (field: Buffer | undefined) => field !== undefined && field.length > 0

const shapes: Readonly<Record<string, Shape>> = {
  'ssh-rsa': exactly(2, ([exponent, modulus]) => isPositive(exponent) && isPositive(modulus)),
  'ssh-ed25519': exactly(1, ([point]) => point?.length === 32),
  'ecdsa-sha2-nistp256': exactly(2, isCurve('nistp256', 32)),
  'ecdsa-sha2-nistp384': exactly(2, isCurve('nistp384', 48)),
  'ecdsa-sha2-nistp521': exactly(2, isCurve('nistp521', 66)),
  'sk-ssh-ed25519@openssh.com': exactly(2, ([point, app]) => point?.length === 32 && isApplication(app)),
  'sk-ecdsa-sha2-nistp256@openssh.com': exactly(
    3,
    fields => isCurve('nistp256', 32)(fields) && isApplication(fields[2]),
  ),
}

/** The types of plain public keys that OpenSSH accepts in authorized_keys. */
export const sshKeyTypes: ReadonlySet<string> = new Set(Object.keys(shapes))

/** Reads the base64 field of a key. Undefined for anything that sshd would not take as a key. */
export function decodeKey(base64: string): PublicKey | undefined {
  const blob = Buffer.from(base64, 'base64')
  // Buffer passes over what is not base64; a key that does not come back as it was written is not one.
  if (base64 === '' || blob.toString('base64').replace(/=+$/, '') !== base64.replace(/=+$/, '')) return undefined
  const [name, ...fields] = readStrings(blob) ?? []
  const type = name?.toString('latin1') ?? ''
  if (!shapes[type]?.(fields)) return undefined
  return { type, blob, rsaBits: type === 'ssh-rsa' ? bitLength(fields[1]) : undefined }
}

/** The SSH form of a key that came as PEM or in a certificate. Undefined for kinds that SSH does not know. */
export function encodeKey(key: KeyObject): PublicKey | undefined {
  const { kty, crv = '', n = '', e = '', x = '', y = '' } = key.export({ format: 'jwk' })
  const member = (value: string) => Buffer.from(value, 'base64url')
  const curve = { 'P-256': 'nistp256', 'P-384': 'nistp384', 'P-521': 'nistp521' }[crv]
  const fields =
    kty === 'RSA'
      ? ['ssh-rsa', unsigned(member(e)), unsigned(member(n))]
      : kty === 'EC' && curve
        ? [`ecdsa-sha2-${curve}`, curve, Buffer.concat([Buffer.of(4), member(x), member(y)])]
        : crv === 'Ed25519'
          ? ['ssh-ed25519', member(x)]
          : undefined
  return fields && decodeKey(Buffer.concat(fields.map(writeString)).toString('base64'))
}

/** RFC 4251 §5: a length of four bytes, then the bytes. */
function writeString(value: string | Buffer): Buffer {
  const bytes = Buffer.from(value)
  const length = Buffer.alloc(4)
  length.writeUInt32BE(bytes.length)
  return Buffer.concat([length, bytes])
}

/** Undefined when the lengths do not add up. */
function readStrings(blob: Buffer): Buffer[] | undefined {
  const fields: Buffer[] = []
  for (let at = 0; at < blob.length; ) {
    if (at + 4 > blob.length) return undefined
    const end = at + 4 + blob.readUInt32BE(at)
    if (end > blob.length) return undefined
    fields.push(blob.subarray(at + 4, end))
    at = end
  }
  return fields
}

/** An mpint of RFC 4251 is in two's complement: a leading one bit would make it negative. */
const unsigned = (value: Buffer) => ((value[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.of(0), value]) : value)

const isPositive = (integer: Buffer | undefined) =>
  integer !== undefined && integer.length > 0 && integer[0] !== undefined && integer[0] < 0x80

function bitLength(integer: Buffer = Buffer.alloc(0)): number {
  const hex = integer.toString('hex').replace(/^0+/, '')
  return hex === '' ? 0 : (hex.length - 1) * 4 + (32 - Math.clz32(Number.parseInt(hex[0] ?? '0', 16)))
}
