/** The encryptions of PKCS #12: those of its own (RFC 7292, appendix C) and PBES2 (RFC 8018 §6.2). */

import { createDecipheriv } from 'node:crypto'
import forge from 'node-forge'
import { BundleFailure } from '../failure.ts'
import { binary, bytesOf, integer, isInteger, type Node, objectId, octets, sequence } from './asn1.ts'
import { type Budget, type Hash, pbkdf2, pkcs12Kdf, purpose, type Salted } from './derive.ts'

/** A password in the two forms in which it is used. */
export type Password = { readonly text: string; readonly utf16: Uint8Array }

type Legacy = { readonly keyBytes: number; decrypt(key: Buffer, iv: Buffer, content: Uint8Array): Uint8Array }

const tripleDes = (key: Buffer, iv: Buffer, content: Uint8Array) =>
  decipher('des-ede3-cbc', key.length === 24 ? key : Buffer.concat([key, key.subarray(0, 8)]), iv, content)

const legacy: Readonly<Record<string, Legacy>> = {
  '1.2.840.113549.1.12.1.3': { keyBytes: 24, decrypt: tripleDes },
  '1.2.840.113549.1.12.1.4': { keyBytes: 16, decrypt: tripleDes },
  '1.2.840.113549.1.12.1.5': { keyBytes: 16, decrypt: (key, iv, content) => rc2(key, 128, iv, content) },
  '1.2.840.113549.1.12.1.6': { keyBytes: 5, decrypt: (key, iv, content) => rc2(key, 40, iv, content) },
}

const pbes2 = '1.2.840.113549.1.5.13'
const pbkdf2Id = '1.2.840.113549.1.5.12'

const ciphers: Readonly<Record<string, { readonly name: string; readonly keyBytes: number }>> = {
  '1.2.840.113549.3.7': { name: 'des-ede3-cbc', keyBytes: 24 },
  '2.16.840.1.101.3.4.1.2': { name: 'aes-128-cbc', keyBytes: 16 },
  '2.16.840.1.101.3.4.1.22': { name: 'aes-192-cbc', keyBytes: 24 },
  '2.16.840.1.101.3.4.1.42': { name: 'aes-256-cbc', keyBytes: 32 },
}

const pseudoRandom: Readonly<Record<string, Hash>> = {
  '1.2.840.113549.2.7': 'sha1',
  '1.2.840.113549.2.8': 'sha224',
  '1.2.840.113549.2.9': 'sha256',
  '1.2.840.113549.2.10': 'sha384',
  '1.2.840.113549.2.11': 'sha512',
}

/** Throws BundleFailure; `wrong-password` when what comes out is not what was put in. */
export function decrypt(
  algorithm: Node | undefined,
  content: Uint8Array,
  password: Password,
  budget: Budget,
): Uint8Array {
  const [id, parameters] = sequence(algorithm)
  const name = objectId(id)
  if (name === pbes2) return decryptPbes2(sequence(parameters), content, password, budget)
  const found = legacy[name]
  if (!found) throw unsupported(name)
  const salted = saltOf(sequence(parameters))
  const derive = (bytes: number, id: number) => pkcs12Kdf(password.utf16, salted, bytes, { hash: 'sha1', id, budget })
  return found.decrypt(derive(found.keyBytes, purpose.key), derive(8, purpose.iv), content)
}

export function saltOf([salt, iterations]: readonly Node[]): Salted {
  return { salt: octets(salt), iterations: integer(iterations) }
}

function decryptPbes2([derivation, scheme]: readonly Node[], content: Uint8Array, { text }: Password, budget: Budget) {
  const [derivationId, derivationParameters] = sequence(derivation)
  if (objectId(derivationId) !== pbkdf2Id) throw unsupported(objectId(derivationId))
  const [salt, iterations, ...options] = sequence(derivationParameters)
  const [schemeId, iv] = sequence(scheme)
  const cipher = ciphers[objectId(schemeId)]
  if (!cipher) throw unsupported(objectId(schemeId))
  // The length of the key is optional, and the function is SHA-1's when it is not named.
  const named = options.find(option => !isInteger(option))
  const prf = named ? objectId(sequence(named)[0]) : '1.2.840.113549.2.7'
  const hash = pseudoRandom[prf]
  if (!hash) throw unsupported(prf)
  const salted = { salt: octets(salt), iterations: integer(iterations) }
  return decipher(cipher.name, pbkdf2(text, salted, cipher.keyBytes, hash, budget), octets(iv), content)
}

function decipher(name: string, key: Uint8Array, iv: Uint8Array, content: Uint8Array): Uint8Array {
  try {
    const cipher = createDecipheriv(name, key, iv)
    return Buffer.concat([cipher.update(content), cipher.final()])
  } catch {
    throw wrongPassword()
  }
}

/** OpenSSL has put it aside; files of Windows and of Java are still full of it. */
function rc2(key: Buffer, bits: number, iv: Buffer, content: Uint8Array): Uint8Array {
  const cipher = forge.rc2.createDecryptionCipher(binary(key), bits)
  cipher.start(binary(iv))
  cipher.update(forge.util.createBuffer(binary(content)))
  if (!cipher.finish()) throw wrongPassword()
  return bytesOf(cipher.output.getBytes())
}

export const wrongPassword = () =>
  new BundleFailure('wrong-password', 'The PKCS #12 file has another password, or is damaged')

export const unsupported = (id: string) =>
  new BundleFailure('unsupported', `The PKCS #12 file uses the algorithm ${id}, which is not supported`)
