import type { Operation } from '../../../door/operation.ts'
import { lifeCycle } from '../objects/life-cycle.ts'
import { getSecret } from './get-secret.ts'
import { secretKind } from './secret.ts'
import { setSecret } from './set-secret.ts'
import { updateSecret } from './update-secret.ts'

export const secretOperations: readonly Operation[] = [
  ...getSecret,
  setSecret,
  ...updateSecret,
  ...lifeCycle(secretKind),
]
