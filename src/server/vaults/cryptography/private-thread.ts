/** The thread of what takes long: whatever needs a private key, and ECDSA. */

import type { KeyObject } from 'node:crypto'
import { answerJobs } from '../../thread.ts'
import { ecdsaSign, ecdsaVerify } from './ecdsa.ts'
import type { Curve } from './key-material.ts'
import { type RsaCipher, type RsaSignature, rsaDecrypt, rsaSign } from './rsa.ts'

export type PrivateJob = { readonly key: KeyObject; readonly value: Uint8Array } & (
  | { readonly work: 'rsa-decrypt'; readonly alg: RsaCipher }
  | { readonly work: 'rsa-sign'; readonly as: RsaSignature }
  | { readonly work: 'ecdsa-sign'; readonly curve: Curve }
  | { readonly work: 'ecdsa-verify'; readonly curve: Curve; readonly signature: Uint8Array }
)

answerJobs((job: PrivateJob): Uint8Array | boolean => {
  if (job.work === 'rsa-decrypt') return decrypted(job)
  if (job.work === 'rsa-sign') return rsaSign(job.as, job.key, job.value)
  if (job.work === 'ecdsa-sign') return ecdsaSign(job.curve, job.key, job.value)
  return ecdsaVerify(job.curve, job.key, job.value, job.signature)
})

/** False when it is no text of this key's: any other failure is one of ours. */
function decrypted({ alg, key, value }: Extract<PrivateJob, { work: 'rsa-decrypt' }>): Uint8Array | false {
  try {
    return rsaDecrypt(alg, key, value)
  } catch {
    return false
  }
}
