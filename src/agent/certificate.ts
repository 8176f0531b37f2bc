/**
 * The certificate that protected settings are encrypted for, made by the machine itself: its private key never leaves.
 * Nobody has to trust it, so it says no more than X.509 demands. Written by hand, because Node makes no certificates.
 */

import {
  createHash,
  createPrivateKey,
  generateKeyPair,
  type KeyObject,
  randomBytes,
  sign,
  X509Certificate,
} from 'node:crypto'
import { mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { writeDurably } from './files.ts'

export type MachineCertificate = {
  readonly pem: string
  /** Upper-case hexadecimal SHA-1 of the certificate: what settings name it by. */
  readonly thumbprint: string
}

const lifetimeMs = 10 * 365 * 86_400_000
const commonName = 'LazuliMachine'

/** Reads the certificate of this machine, and makes it first where there is none. Its files are `<thumbprint>.crt` and `.prv`. */
export async function ensureCertificate(lib: string, nowMs: number): Promise<MachineCertificate> {
  await mkdir(lib, { recursive: true, mode: 0o755 })
  for (const name of (await readdir(lib)).filter(file => /^[0-9A-F]{40}\.crt$/.test(file))) {
    const found = await readCertificate(lib, name.slice(0, -'.crt'.length))
    if (found) return found
  }
  const { privateKey, publicKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 })
  const der = selfSigned(privateKey, publicKey, nowMs)
  const certificate = { pem: pem(der), thumbprint: createHash('sha1').update(der).digest('hex').toUpperCase() }
  // The key first: a certificate without one would be taken for whole.
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' })
  await writeDurably(join(lib, `${certificate.thumbprint}.prv`), String(key), 0o600)
  await writeDurably(join(lib, `${certificate.thumbprint}.crt`), certificate.pem, 0o600)
  return certificate
}

/** Undefined for one that is not ours, is damaged, or has lost its key. */
async function readCertificate(lib: string, thumbprint: string): Promise<MachineCertificate | undefined> {
  const read = (ending: string) => readFile(join(lib, `${thumbprint}.${ending}`), 'utf8').catch(() => '')
  const [text, key] = await Promise.all([read('crt'), read('prv')])
  try {
    const certificate = new X509Certificate(text)
    const isOurs = certificate.subject === `CN=${commonName}` && certificate.checkPrivateKey(createPrivateKey(key))
    return isOurs ? { pem: text, thumbprint } : undefined
  } catch {
    // Whatever is wrong with it, a new one is made.
    return undefined
  }
}

const pem = (der: Buffer) =>
  `-----BEGIN CERTIFICATE-----\n${der.toString('base64').replace(/.{1,64}/g, '$&\n')}-----END CERTIFICATE-----\n`

/** RFC 5280 §4.1, in DER. */
function selfSigned(privateKey: KeyObject, publicKey: KeyObject, nowMs: number): Buffer {
  const sha256WithRsa = sequence(objectId(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b), tlv(0x05))
  const name = sequence(tlv(0x31, sequence(objectId(0x55, 0x04, 0x03), tlv(0x0c, Buffer.from(commonName)))))
  const toBeSigned = sequence(
    tlv(0xa0, integer(Buffer.of(2))),
    integer(positive(randomBytes(16))),
    sha256WithRsa,
    name,
    sequence(time(nowMs - 86_400_000), time(nowMs + lifetimeMs)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
  )
  return sequence(toBeSigned, sha256WithRsa, tlv(0x03, Buffer.of(0), sign('sha256', toBeSigned, privateKey)))
}

function tlv(tag: number, ...content: Uint8Array[]): Buffer {
  const value = Buffer.concat(content)
  const size = value.length
  if (size < 0x80) return Buffer.concat([Buffer.of(tag, size), value])
  const length = Buffer.from(size.toString(16).padStart(size > 0xff ? 4 : 2, '0'), 'hex')
  return Buffer.concat([Buffer.of(tag, 0x80 | length.length), length, value])
}

const sequence = (...members: Uint8Array[]) => tlv(0x30, ...members)
const integer = (bytes: Buffer) => tlv(0x02, bytes)
const objectId = (...bytes: number[]) => tlv(0x06, Buffer.from(bytes))

/** The first bit of an INTEGER is its sign, and its first byte may not be in vain. */
function positive(bytes: Buffer): Buffer {
  bytes.writeUInt8((bytes.readUInt8(0) & 0x7f) | 0x40, 0)
  return bytes
}

/** GeneralizedTime; RFC 5280 §4.1.2.5 wants the short form before 2050. */
function time(ms: number): Buffer {
  const digits = new Date(ms).toISOString().replace(/[-:T]|\.\d{3}/g, '')
  return digits < '2050' ? tlv(0x17, Buffer.from(digits.slice(2))) : tlv(0x18, Buffer.from(digits))
}
