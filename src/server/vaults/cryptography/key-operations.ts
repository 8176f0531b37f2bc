import { isCheckout } from '../../checkout.ts'
import { openThread, type Thread } from '../../thread.ts'
import { aesDecrypt, aesEncrypt, type CipherText } from './aes.ts'
import { type Cipher, ciphers, type Signature, signatures } from './algorithms.ts'
import { digestBytes } from './digests.ts'
import type { KeyMaterial } from './key-material.ts'
import type { PrivateJob } from './private-thread.ts'
import {
  algorithmOfOtherCurve,
  algorithmOfOtherSize,
  algorithmOfOtherType,
  incorrectParameter,
  lengthOfValue,
  unsupportedAlgorithm,
} from './refusals.ts'
import { rsaEncrypt, rsaVerify } from './rsa.ts'

/** A key as it is used: `kid` and `kty` are what refusals call it. */
export type UsedKey = { readonly kid: string; readonly kty: string; readonly material: KeyMaterial }

/** What can be done with a key. Bad input gets Azure's refusal. */
export type KeyOperations = {
  encrypt(key: UsedKey, alg: string, input: CipherText): Promise<CipherText>
  decrypt(key: UsedKey, alg: string, input: CipherText): Promise<CipherText>
  wrap(key: UsedKey, alg: string, input: CipherText): Promise<CipherText>
  unwrap(key: UsedKey, alg: string, input: CipherText): Promise<CipherText>
  sign(key: UsedKey, alg: string, digest: Uint8Array): Promise<Uint8Array>
  verify(key: UsedKey, alg: string, digest: Uint8Array, signature: Uint8Array): Promise<boolean>
  close(): Promise<void>
}

const program = isCheckout
  ? new URL('./private-thread.ts', import.meta.url)
  : new URL('private-thread.mjs', import.meta.url)

export function openKeyOperations(): KeyOperations {
  const thread: Thread<PrivateJob, Uint8Array | boolean> = openThread(program)
  const inThread = async (job: PrivateJob) => (await thread.run(job)) as Uint8Array

  const encrypt = async (key: UsedKey, cipher: Cipher, input: CipherText): Promise<CipherText> => {
    const text =
      cipher.kty === 'RSA'
        ? orIncorrect(() => ({ value: rsaEncrypt(cipher.alg, key.material.key, input.value) }))
        : aesEncrypt(cipher, key.material.key, input)
    if (!text) throw incorrectParameter()
    return text
  }

  const decrypt = async (key: UsedKey, cipher: Cipher, input: CipherText): Promise<CipherText> => {
    if (cipher.kty === 'oct') {
      const value = aesDecrypt(cipher, key.material.key, input)
      if (!value) throw incorrectParameter()
      return { value }
    }
    const value = await thread.run({ work: 'rsa-decrypt', alg: cipher.alg, key: key.material.key, value: input.value })
    if (typeof value === 'boolean') throw incorrectParameter()
    return { value }
  }

  return {
    encrypt: async (key, alg, input) => encrypt(key, cipherFor(key, alg, 'encrypts'), input),
    decrypt: async (key, alg, input) => decrypt(key, cipherFor(key, alg, 'encrypts'), input),
    wrap: async (key, alg, input) => encrypt(key, cipherFor(key, alg, 'wraps'), input),
    unwrap: async (key, alg, input) => decrypt(key, cipherFor(key, alg, 'wraps'), input),

    sign: async (used, alg, digest) => {
      const as = signatureFor(used, alg, digest, 'value')
      const { key } = used.material
      if (as.kty === 'RSA') return inThread({ work: 'rsa-sign', as, key, value: digest })
      return inThread({ work: 'ecdsa-sign', curve: as.curve, key, value: digest })
    },

    verify: async (used, alg, digest, signature) => {
      const as = signatureFor(used, alg, digest, 'digest')
      const { key } = used.material
      if (as.kty === 'RSA') return rsaVerify(as, key, digest, signature)
      return (await thread.run({ work: 'ecdsa-verify', curve: as.curve, key, value: digest, signature })) === true
    },

    close: () => thread.close(),
  }
}

function cipherFor(key: UsedKey, alg: string, use: 'encrypts' | 'wraps'): Cipher {
  const cipher = Object.hasOwn(ciphers, alg) ? ciphers[alg] : undefined
  if (!cipher?.[use]) throw unsupportedAlgorithm(alg)
  const { material } = key
  if (material.kty !== cipher.kty) throw algorithmOfOtherType(key.kid, key.kty, alg, cipher.kty)
  if (cipher.kty === 'oct' && material.kty === 'oct' && cipher.size !== material.size) {
    throw algorithmOfOtherSize(key.kid, material.size, alg, cipher.size)
  }
  return cipher
}

function signatureFor(key: UsedKey, alg: string, digest: Uint8Array, property: string): Signature {
  const signature = Object.hasOwn(signatures, alg) ? signatures[alg] : undefined
  if (!signature) throw unsupportedAlgorithm(alg)
  const { material } = key
  if (material.kty !== signature.kty) throw algorithmOfOtherType(key.kid, key.kty, alg, signature.kty)
  if (signature.kty === 'EC' && material.kty === 'EC' && signature.curve !== material.curve) {
    throw algorithmOfOtherCurve(key.kid, material.curve, alg, signature.curve)
  }
  const length = digestBytes[signature.digest]
  if (digest.length !== length) throw lengthOfValue(property, digest.length, alg, `${length} bytes`)
  return signature
}

/** OpenSSL throws at data that is too long for the key. */
function orIncorrect<T>(encrypt: () => T): T {
  try {
    return encrypt()
  } catch {
    throw incorrectParameter()
  }
}
