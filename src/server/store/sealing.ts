import { createCipheriv, createDecipheriv, createSecretKey, randomBytes } from 'node:crypto'

/**
 * Secrets at rest: AES-256-GCM under a data key, which is itself kept sealed under the master key. `context` is bound
 * to the ciphertext, so that a value copied to another row does not open there.
 * Layout: version (1) | nonce (12) | tag (16) | ciphertext.
 */
export type Sealing = {
  seal(context: string, plain: Uint8Array | string): Uint8Array
  /** Throws when the value was altered, belongs to another context or to another key. */
  open(context: string, sealed: Uint8Array): Buffer
}

const version = 1

export function sealingWith(bytes: Uint8Array): Sealing {
  if (bytes.length !== 32) throw new Error('a sealing key has 32 bytes')
  // As bytes, Node would find out anew for each value what they are, which takes longer than to decipher it.
  const key = createSecretKey(bytes)
  return {
    seal(context, plain) {
      const nonce = randomBytes(12)
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(context))
      const text = Buffer.concat([cipher.update(plain), cipher.final()])
      return Buffer.concat([Buffer.of(version), nonce, cipher.getAuthTag(), text])
    },
    open(context, sealed) {
      if (sealed[0] !== version || sealed.length < 29) throw new Error(`not a sealed value: ${context}`)
      const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(1, 13)).setAAD(Buffer.from(context))
      decipher.setAuthTag(sealed.subarray(13, 29))
      const text = decipher.update(sealed.subarray(29))
      // All of the text has come by now, as it does in this mode; what is left is to compare the tag.
      decipher.final()
      return text
    },
  }
}
