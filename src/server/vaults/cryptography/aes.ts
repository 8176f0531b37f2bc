import { createCipheriv, createDecipheriv, type KeyObject, randomBytes } from 'node:crypto'
import type { OctSize } from './key-material.ts'

/** What of an encryption goes over the wire. */
export type CipherText = { value: Uint8Array; iv?: Uint8Array; tag?: Uint8Array; aad?: Uint8Array }

export type AesCipher = { readonly mode: 'GCM' | 'CBC' | 'CBCPAD' | 'KW'; readonly size: OctSize }

const ivBytes = { GCM: 12, CBC: 16, CBCPAD: 16 } as const
const tagBytes = 16
/** RFC 3394 §2.2.3.1 */
const wrapIv = Buffer.alloc(8, 0xa6)

/** Undefined where the input is of a length that the mode does not take. */
export function aesEncrypt({ mode, size }: AesCipher, key: KeyObject, input: CipherText): CipherText | undefined {
  const { value, aad } = input
  if (mode === 'KW') return wrap(key, size, value)
  // A nonce that comes a second time gives GCM's key away, so that it is never the client's.
  const iv = mode === 'GCM' ? randomBytes(ivBytes.GCM) : (input.iv ?? randomBytes(ivBytes[mode]))
  if (iv.length !== ivBytes[mode] || (mode === 'CBC' && value.length % 16 !== 0)) return undefined
  if (mode === 'GCM') {
    const cipher = createCipheriv(`aes-${size}-gcm` as 'aes-256-gcm', key, iv, { authTagLength: tagBytes })
    if (aad) cipher.setAAD(aad)
    const text = Buffer.concat([cipher.update(value), cipher.final()])
    return { value: text, iv, tag: cipher.getAuthTag(), ...(aad ? { aad } : {}) }
  }
  const cipher = createCipheriv(`aes-${size}-cbc`, key, iv).setAutoPadding(mode === 'CBCPAD')
  return { value: Buffer.concat([cipher.update(value), cipher.final()]), iv }
}

/** Undefined where the input was not made with this key, or was altered. */
export function aesDecrypt({ mode, size }: AesCipher, key: KeyObject, input: CipherText): Buffer | undefined {
  const { value, iv = Buffer.of(), tag = Buffer.of(), aad } = input
  if (mode !== 'KW' && iv.length !== ivBytes[mode]) return undefined
  if (mode === 'GCM' && tag.length !== tagBytes) return undefined
  try {
    if (mode === 'KW') return finish(createDecipheriv(`aes${size}-wrap`, key, wrapIv), value)
    if (mode !== 'GCM') {
      return finish(createDecipheriv(`aes-${size}-cbc`, key, iv).setAutoPadding(mode === 'CBCPAD'), value)
    }
    const name = `aes-${size}-gcm` as 'aes-256-gcm'
    const decipher = createDecipheriv(name, key, iv, { authTagLength: tagBytes }).setAuthTag(tag)
    if (aad) decipher.setAAD(aad)
    return finish(decipher, value)
  } catch {
    return undefined
  }
}

function wrap(key: KeyObject, size: OctSize, value: Uint8Array): CipherText | undefined {
  if (value.length < 16 || value.length % 8 !== 0) return undefined
  return { value: finish(createCipheriv(`aes${size}-wrap`, key, wrapIv), value) }
}

const finish = (cipher: { update(bytes: Uint8Array): Buffer; final(): Buffer }, value: Uint8Array): Buffer =>
  Buffer.concat([cipher.update(value), cipher.final()])
