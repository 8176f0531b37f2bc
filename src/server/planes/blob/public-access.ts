import { systemGrant } from '../../access/grant.ts'
import type { Call, Caller, Wish } from '../../door/operation.ts'
import type { Verdict } from '../../door/plane.ts'
import type { Parts } from '../../parts.ts'
import { findAccount } from './place.ts'
import { publicAccessNotPermitted } from './refusals.ts'

const lookAtContainer = systemGrant('see whether a container is open to everybody')

/** What a container lets everybody do: read its blobs and, when it says so, list them. Nobody without a name writes. */
const open: Readonly<Record<'blob' | 'container', readonly string[]>> = {
  blob: ['getBlob'],
  container: ['getBlob', 'listBlobs', 'getContainerProperties'],
}

export async function permits(
  { store }: Parts,
  caller: Caller,
  wish: Wish,
  { params }: Call,
): Promise<Verdict | undefined> {
  if (caller.kind !== 'anonymous' || params.container === undefined) return undefined
  const account = await store.storageAccounts.get(findAccount, { name: params.account ?? '' })
  const container = account && (await store.blobContainers.get(lookAtContainer, account, params.container))
  if (!account || !container?.publicAccess || !open[container.publicAccess].includes(wish.permission ?? ''))
    return undefined
  return account.rules.publicAccess ? 'allowed' : publicAccessNotPermitted()
}
