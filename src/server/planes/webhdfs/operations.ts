import type { Operation } from '../../door/operation.ts'
import { modifyAclEntries, removeAcl, removeAclEntries, removeDefaultAcl, setAcl } from './acl-entries.ts'
import { appendToFile } from './append.ts'
import { checkAccess } from './check-access.ts'
import { concat } from './concat.ts'
import { concurrentAppend } from './concurrent-append.ts'
import { createFile } from './create.ts'
import { deleteFile } from './delete-file.ts'
import { getAclStatus } from './get-acl-status.ts'
import { getContentSummary } from './get-content-summary.ts'
import { getFileStatus } from './get-file-status.ts'
import { listStatus } from './list-status.ts'
import { makeFolders } from './make-folders.ts'
import { openFile } from './open.ts'
import { rename } from './rename.ts'
import { setExpiry } from './set-expiry.ts'
import { setOwner } from './set-owner.ts'
import { setPermission } from './set-permission.ts'
import { setTimes } from './set-times.ts'

/** One line for each. */
export const operations: readonly Operation[] = [
  ...listStatus,
  ...getFileStatus,
  ...getContentSummary,
  ...openFile,
  ...createFile,
  ...appendToFile,
  ...concurrentAppend,
  ...concat,
  ...makeFolders,
  ...rename,
  ...deleteFile,
  ...setPermission,
  ...setOwner,
  ...setTimes,
  ...setExpiry,
  ...getAclStatus,
  ...setAcl,
  ...modifyAclEntries,
  ...removeAclEntries,
  ...removeAcl,
  ...removeDefaultAcl,
  ...checkAccess,
]
