import type { StorageAccount } from '../../../store/storage-accounts.ts'
import { invalidHeader, publicAccessNotPermitted } from '../refusals.ts'

/** Throws 400, or 409 where the account forbids it. */
export function publicAccessFrom(headers: Headers, account: StorageAccount): 'blob' | 'container' | undefined {
  const given = headers.get('x-ms-blob-public-access')?.toLowerCase()
  if (given === undefined) return undefined
  if (given !== 'blob' && given !== 'container') throw invalidHeader('x-ms-blob-public-access', given)
  if (!account.rules.publicAccess) throw publicAccessNotPermitted()
  return given
}
