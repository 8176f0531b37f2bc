import { systemGrant } from '../../access/grant.ts'
import type { Context, Params } from '../../door/operation.ts'
import type { Parts } from '../../parts.ts'
import type { BlobContainer } from '../../store/blob-containers.ts'
import type { OneOfBlob, StoredBlob } from '../../store/blobs.ts'
import type { Reads } from '../../store/open.ts'
import { hasReadableSecondary, type StorageAccount } from '../../store/storage-accounts.ts'
import { valuesIn } from './query.ts'
import { blobNotFound, containerNotFound, invalidQuery, mutuallyExclusive, resourceNotFound } from './refusals.ts'
import { settled } from './rehydration.ts'

export const findAccount = systemGrant('find the storage account that a request names')

/** What the address of a request says: the account, and the blob in the root container when only one name is given. */
export async function locate({ store }: Pick<Parts, 'store'>, params: Params): Promise<Params> {
  const host = params.account ?? ''
  const name = host.replace(/-secondary$/, '')
  const account = await store.storageAccounts.get(findAccount, { name })
  const secondary = name !== host
  if (!account || (secondary && !hasReadableSecondary(account.rules.sku))) throw resourceNotFound()
  return {
    account: account.name,
    accountId: account.id,
    ...(secondary ? { secondary: 'true' } : {}),
    ...(params.blob === '' ? { container: '$root', blob: params.container ?? '' } : {}),
  }
}

export type Place = { readonly account: StorageAccount; readonly container: BlobContainer }

export async function accountOf(cx: {
  readonly store: Pick<Reads, 'storageAccounts'>
  readonly params: Params
}): Promise<StorageAccount> {
  const account = await cx.store.storageAccounts.get(findAccount, { name: cx.params.account ?? '' })
  if (!account) throw resourceNotFound()
  return account
}

/** Throws 404. */
export async function containerOf(
  cx: Pick<Context, 'params' | 'grant'>,
  reads: Pick<Reads, 'storageAccounts' | 'blobContainers'>,
): Promise<BlobContainer> {
  const account = await reads.storageAccounts.get(findAccount, { name: cx.params.account ?? '' })
  const container = account && (await reads.blobContainers.get(cx.grant, account, cx.params.container ?? ''))
  if (!container) throw containerNotFound()
  return container
}

/** The blob that a request names, or the snapshot or version of it. Undefined when it is not there, or only kept. */
export async function blobAt(
  cx: Pick<Context, 'params' | 'grant' | 'url' | 'now'>,
  reads: Pick<Reads, 'blobs'>,
  container: BlobContainer,
): Promise<StoredBlob | undefined> {
  const found = await reads.blobs.get(cx.grant, container, cx.params.blob ?? '', oneOf(cx.url))
  return found?.deletedAt === undefined ? found && settled(found, cx.now) : undefined
}

/** Throws 404. */
export async function existingBlob(
  cx: Pick<Context, 'params' | 'grant' | 'url' | 'now'>,
  reads: Pick<Reads, 'blobs'>,
  container: BlobContainer,
): Promise<StoredBlob & { readonly number: number }> {
  const found = await blobAt(cx, reads, container)
  if (found?.number === undefined) throw blobNotFound()
  return { ...found, number: found.number }
}

/**
 * For what is done to a blob and never to a snapshot or a version of it: the lease and the conditions that are looked at
 * have to be those of what is written. Throws 400.
 */
export function refuseOneOf(url: URL): void {
  const one = oneOf(url)
  if (!one) return
  const [[name = '', time = '']] = Object.entries(one) as [[string, string]]
  throw invalidQuery(queryNames[name as keyof typeof queryNames], time, `A ${name} cannot be changed.`)
}

const queryNames = { snapshot: 'snapshot', version: 'versionid' } as const

/** Which snapshot or version an address names, if one. Throws 400. */
export function oneOf(url: URL): OneOfBlob | undefined {
  const snapshot = timeIn(url, queryNames.snapshot)
  const version = timeIn(url, queryNames.version)
  if (snapshot !== undefined && version !== undefined) throw mutuallyExclusive()
  if (snapshot !== undefined) return { snapshot }
  return version === undefined ? undefined : { version }
}

function timeIn(url: URL, name: string): string | undefined {
  const [text, other] = valuesIn(url, name)
  if (other !== undefined) throw invalidQuery(name, other, 'It is given more than once.')
  if (text === undefined || text === '') return undefined
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z$/.test(text)) throw invalidQuery(name, text)
  return text
}
