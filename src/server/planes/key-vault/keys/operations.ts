import type { Operation } from '../../../door/operation.ts'
import { lifeCycle } from '../objects/life-cycle.ts'
import { cipherOperations } from './cipher-operations.ts'
import { createKey } from './create-key.ts'
import { getKey } from './get-key.ts'
import { importKey } from './import-key.ts'
import { keyKind } from './key.ts'
import { getRandomBytes } from './random-bytes.ts'
import { getKeyAttestation, releaseKey } from './release.ts'
import { rotateKey } from './rotate-key.ts'
import { rotationPolicyOperations } from './rotation-policy-operations.ts'
import { sign } from './sign.ts'
import { updateKey } from './update-key.ts'
import { verify } from './verify.ts'

export const keyOperations: readonly Operation[] = [
  createKey,
  importKey,
  ...getKey,
  ...updateKey,
  ...lifeCycle(keyKind),
  ...cipherOperations,
  ...sign,
  ...verify,
  rotateKey,
  ...rotationPolicyOperations,
  ...releaseKey,
  ...getKeyAttestation,
  getRandomBytes,
]
