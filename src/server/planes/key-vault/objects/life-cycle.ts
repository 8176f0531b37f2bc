import type { Operation } from '../../../door/operation.ts'
import { backupOperations } from './backup.ts'
import { deleteOperation } from './delete.ts'
import { deletedOperations } from './deleted.ts'
import type { Kind } from './kind.ts'
import { listOperations } from './list.ts'

/** What every kind of object can have done to it in the same way. */
export const lifeCycle = (kind: Kind): Operation[] => [
  ...listOperations(kind),
  deleteOperation(kind),
  ...deletedOperations(kind),
  ...backupOperations(kind),
]
