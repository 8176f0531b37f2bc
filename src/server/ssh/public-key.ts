import { createHash, type KeyObject } from 'node:crypto'

/** An SSH public key, as RFC 4253 §6.6 encodes it. */
export type PublicKey = {
  /** `ssh-rsa`, `ssh-ed25519`, `ecdsa-sha2-nistp256`, … */
  readonly type: string
  readonly blob: Buffer
  readonly comment: string
  /** Of the modulus for RSA, of the curve for Ed25519; undefined for types that this code does not take apart. */
  readonly bits: number | undefined
}

/**
 * Reads a key in OpenSSH's one-line form or in the SSH2 form of RFC 4716 (`---- BEGIN SSH2 PUBLIC KEY ----`). White
 * space around it is ignored, as Azure ignores it. Undefined for anything else, such as several keys or a private one.
 */
export function parsePublicKey(text: string): PublicKey | undefined {
  const trimmed = text.trim()
  const ssh2 = /^---- BEGIN SSH2 PUBLIC KEY ----\r?\n([\s\S]*?)\r?\n---- END SSH2 PUBLIC KEY ----$/.exec(trimmed)?.[1]
  if (ssh2 !== undefined) return parseSsh2(ssh2)
  if (/[\r\n]/.test(trimmed)) return undefined
  const [, type = '', base64 = '', comment = ''] = /^(\S+)[ \t]+(\S+)(?:[ \t]+(.*))?$/.exec(trimmed) ?? []
  const key = decode(base64, comment)
  return key?.type === type ? key : undefined
}

/** The one-line form that `authorized_keys` takes. */
export function formatPublicKey({ type, blob, comment }: Pick<PublicKey, 'type' | 'blob' | 'comment'>): string {
  return [type, blob.toString('base64'), comment].filter(part => part !== '').join(' ')
}

/** As `ssh-keygen -l` prints it. */
export function fingerprint({ blob }: Pick<PublicKey, 'blob'>): string {
  return `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`
}

/** The SSH form of an RSA or Ed25519 key. */
export function sshPublicKey(key: KeyObject, comment: string): PublicKey {
  const { kty, n = '', e = '', x = '' } = key.export({ format: 'jwk' })
  const member = (value: string) => Buffer.from(value, 'base64url')
  const blob =
    kty === 'RSA'
      ? Buffer.concat([sshString('ssh-rsa'), sshInteger(member(e)), sshInteger(member(n))])
      : Buffer.concat([sshString('ssh-ed25519'), sshString(member(x))])
  const parsed = decode(blob.toString('base64'), comment)
  if (!parsed) throw new Error(`keys of kind ${key.asymmetricKeyType} have no SSH form here`)
  return parsed
}

/** RFC 4251 §5: a length of four bytes, then the bytes. */
export function sshString(value: string | Uint8Array): Buffer {
  const bytes = Buffer.from(value)
  const length = Buffer.alloc(4)
  length.writeUInt32BE(bytes.length)
  return Buffer.concat([length, bytes])
}

/** Two's complement: a leading one bit would make it negative. */
function sshInteger(unsigned: Buffer): Buffer {
  return sshString((unsigned[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.of(0), unsigned]) : unsigned)
}

function parseSsh2(inner: string): PublicKey | undefined {
  const lines = inner.replace(/\\\r?\n/g, '').split(/\r?\n/)
  const headers = lines.filter(line => line.includes(':'))
  const comment =
    headers
      .find(line => /^comment:/i.test(line))
      ?.slice('comment:'.length)
      .trim() ?? ''
  return decode(lines.slice(headers.length).join(''), comment.replace(/^"/, '').replace(/"$/, ''))
}

function decode(base64: string, comment: string): PublicKey | undefined {
  if (!/^[A-Za-z\d+/]+={0,2}$/.test(base64)) return undefined
  const blob = Buffer.from(base64, 'base64')
  // Buffer forgives much; a key that does not come back as it was written is not one.
  if (blob.toString('base64').replace(/=+$/, '') !== base64.replace(/=+$/, '')) return undefined
  const fields = sshStrings(blob)
  const type = fields?.[0]?.toString('latin1') ?? ''
  if (!fields || !/^[a-z\d@.-]+$/.test(type)) return undefined
  if (type === 'ssh-rsa') return fields.length === 3 ? { type, blob, comment, bits: bitLength(fields[2]) } : undefined
  if (type === 'ssh-ed25519') {
    return fields.length === 2 && fields[1]?.length === 32 ? { type, blob, comment, bits: 256 } : undefined
  }
  return fields.length > 1 ? { type, blob, comment, bits: undefined } : undefined
}

/** Undefined when the lengths do not add up. */
function sshStrings(blob: Buffer): Buffer[] | undefined {
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

function bitLength(integer: Buffer = Buffer.alloc(0)): number {
  const hex = integer.toString('hex').replace(/^0+/, '')
  return hex === '' ? 0 : (hex.length - 1) * 4 + (32 - Math.clz32(Number.parseInt(hex[0] ?? '0', 16)))
}
