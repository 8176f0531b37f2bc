/** Takes the certificates and keys out of a PKCS #12 file (RFC 7292). Blocks for as long as its key derivations take. */

import { createHmac, timingSafeEqual } from 'node:crypto'
import { BundleFailure } from '../failure.ts'
import type { BundleParts } from '../parts.ts'
import { encode, isOctetString, members, type Node, objectId, octets, parse, sequence, torn } from './asn1.ts'
import { decrypt, type Password, saltOf, unsupported, wrongPassword } from './decrypt.ts'
import { type Budget, type Hash, openBudget, pkcs12Kdf, purpose } from './derive.ts'

const [plainContent, encryptedContent] = ['1.2.840.113549.1.7.1', '1.2.840.113549.1.7.6']
const bag = (number: number) => `1.2.840.113549.1.12.10.1.${number}`
const [keyBag, shroudedKeyBag, certificateBag, nestedBag] = [bag(1), bag(2), bag(3), bag(6)]
const x509Certificate = '1.2.840.113549.1.9.22.1'
const deepestNesting = 4

const digests: Readonly<Record<string, Hash>> = {
  '1.3.14.3.2.26': 'sha1',
  '2.16.840.1.101.3.4.2.1': 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
  '2.16.840.1.101.3.4.2.4': 'sha224',
}

export function readPfx(bytes: Uint8Array, password: string): BundleParts {
  const [, authenticated, mac] = sequence(parse(bytes))
  const [contentType, wrapped] = sequence(authenticated)
  if (objectId(contentType) !== plainContent)
    throw new BundleFailure('unsupported', 'The PKCS #12 file is sealed with a public key')
  const content = octets(members(wrapped)[0])
  const budget = openBudget()
  const [first, ...others] = mac ? [passwordOfMac(mac, content, password, budget)] : formsOf(password)
  return readWithAny(content, [first ?? emptyPassword, ...others], budget)
}

const emptyPassword: Password = { text: '', utf16: new Uint8Array(0) }

/** An empty password is a text without characters for some programs and no text at all for others. */
function formsOf(text: string): Password[] {
  const utf16 = Buffer.from(`${text}\0`, 'utf16le').swap16()
  return [{ text, utf16 }, ...(text === '' ? [emptyPassword] : [])]
}

function passwordOfMac(mac: Node, content: Uint8Array, password: string, budget: Budget): Password {
  const [digestInfo, ...salt] = sequence(mac)
  const [algorithm, expected] = sequence(digestInfo)
  const id = objectId(sequence(algorithm)[0])
  const hash = digests[id]
  if (!hash) throw unsupported(id)
  const salted = salt.length > 1 ? saltOf(salt) : { salt: octets(salt[0]), iterations: 1 }
  const digest = octets(expected)
  const fitting = formsOf(password).find(({ utf16 }) => {
    const key = pkcs12Kdf(utf16, salted, digest.length, { hash, id: purpose.mac, budget })
    const found = createHmac(hash, key).update(content).digest()
    return found.length === digest.length && timingSafeEqual(found, digest)
  })
  if (!fitting) throw wrongPassword()
  return fitting
}

/** Without a check of the file's integrity, only decrypting it tells which form of the password is right. */
function readWithAny(content: Uint8Array, [form, ...others]: readonly Password[], budget: Budget): BundleParts {
  try {
    return readSafes(content, form ?? emptyPassword, budget)
  } catch (error) {
    const mayBeAnother = error instanceof BundleFailure && ['wrong-password', 'unreadable'].includes(error.reason)
    if (!mayBeAnother || others.length === 0) throw error
    return readWithAny(content, others, budget)
  }
}

function readSafes(content: Uint8Array, password: Password, budget: Budget): BundleParts {
  const bags = sequence(parse(content)).flatMap(safe => {
    const [contentType, wrapped] = sequence(safe)
    const inner = members(wrapped)[0]
    switch (objectId(contentType)) {
      case plainContent:
        return sequence(parse(octets(inner)))
      case encryptedContent:
        return sequence(parse(decryptContent(inner, password, budget)))
      default:
        throw unsupported(objectId(contentType))
    }
  })
  const certificates: Uint8Array[] = []
  const keys: Uint8Array[] = []
  for (const [type, value] of flattened(bags, deepestNesting)) {
    if (type === certificateBag) certificates.push(...certificateIn(value))
    if (type === keyBag) keys.push(encode(value))
    if (type === shroudedKeyBag) {
      const [algorithm, encrypted] = sequence(value)
      keys.push(decrypt(algorithm, octets(encrypted), password, budget))
    }
  }
  return { certificates, keys }
}

function decryptContent(encrypted: Node | undefined, password: Password, budget: Budget): Uint8Array {
  const [, contentInfo] = sequence(encrypted)
  const [, algorithm, content] = sequence(contentInfo)
  return decrypt(algorithm, octets(content), password, budget)
}

function flattened(bags: readonly Node[], depth: number): (readonly [type: string, value: Node])[] {
  return bags.flatMap(one => {
    const [id, wrapped] = sequence(one)
    const value = members(wrapped)[0] ?? fail()
    if (objectId(id) !== nestedBag) return [[objectId(id), value] as const]
    return depth === 0 ? fail() : flattened(sequence(value), depth - 1)
  })
}

/** Nothing for the kind of SPKI, which nobody uses. */
function certificateIn(value: Node): Uint8Array[] {
  const [type, wrapped] = sequence(value)
  if (objectId(type) !== x509Certificate) return []
  const der = members(wrapped)[0]
  return [isOctetString(der) ? octets(der) : fail()]
}

function fail(): never {
  throw torn()
}
