import { systemGrant } from '../../access/grant.ts'
import { planeNameOf } from '../../door/names.ts'
import type { Context } from '../../door/operation.ts'
import { containerId } from '../../store/blob-containers.ts'
import type { StoredBlob } from '../../store/blobs.ts'
import type { Reads } from '../../store/open.ts'
import { blobActions, inContainer, tagActions } from './access.ts'
import { checkSourceConditions } from './conditions.ts'
import { blobSegments } from './path.ts'
import { findAccount, oneOf } from './place.ts'
import { hasSignature, isSignature, valuesIn } from './query.ts'
import * as refusals from './refusals.ts'
import { refuseArchived, settled } from './rehydration.ts'

const readSource = systemGrant('read the source of a copy, which the caller has shown that it may')

/**
 * The blob that `x-ms-copy-source` names. It is one of this server's: nothing is ever fetched from elsewhere, so that
 * nobody reaches through us what only we can reach. What the address brings along (a signature), or the header for it,
 * must let it be read; without either, the caller must be somebody who may, or everybody. A signature that the request
 * itself has says nothing of its source, not even one for the whole account. What is in the archive has no bytes,
 * except for a copy that brings it back from there. Throws 4xx.
 */
export async function copySource(cx: Context, { fromArchive = false } = {}): Promise<CopySource> {
  const text = cx.request.headers.get('x-ms-copy-source') ?? ''
  if (text.length > 2048 || !URL.canParse(text)) throw refusals.invalidHeader('x-ms-copy-source', text.slice(0, 2048))
  const url = new URL(text)
  // They would have the address be asked for something else than the blob's bytes.
  const isOther =
    url.username !== '' || url.password !== '' || ['comp', 'restype'].some(one => valuesIn(url, one).length > 0)
  if (isOther) throw refusals.invalidHeader('x-ms-copy-source', `${url.origin}${url.pathname}`)
  const found = ['https:', 'http:'].includes(url.protocol) ? planeNameOf(url, cx.config, () => false) : undefined
  const segments = found?.plane === 'blob' ? blobSegments(found.pathname) : undefined
  if (!segments || segments.length < 2) throw elsewhere()
  const [host = '', first = '', second] = segments
  const [containerName, name] = second === undefined ? ['$root', first] : [first, second]
  const account = await cx.store.storageAccounts.get(findAccount, { name: host.replace(/-secondary$/, '') })
  if (!account) throw elsewhere()

  const authorization = cx.request.headers.get('x-ms-copy-source-authorization')
  const isSigned = cx.caller.kind === 'signature' && cx.caller.by === 'shared access signature'
  const isOwn = account.name === cx.params.account && !isSigned && !hasSignature(url) && authorization === null
  const place = containerId(account.id, containerName)
  if (isOwn) await cx.authorize('read', blobActions.read, place, 'data')
  else await askForSource(cx, url, authorization)
  const copiesTags = cx.request.headers.get('x-ms-copy-source-tag-option')?.toUpperCase() === 'COPY'
  if (copiesTags || cx.request.headers.has('x-ms-source-if-tags')) {
    if (isOwn) await cx.authorize('read', tagActions.read, place, 'data')
    else await askForSource(cx, tagsOf(url), authorization)
  }
  if (copiesTags) await cx.authorize('write', tagActions.write, inContainer(cx.params), 'data')

  const container = await cx.store.blobContainers.get(readSource, account, containerName)
  if (!container) throw refusals.containerNotFound()
  const read = async (reads: Pick<Reads, 'blobs'>) => {
    const found = await reads.blobs.get(readSource, container, name, oneOf(url))
    if (!found || found.deletedAt !== undefined) throw refusals.blobNotFound()
    const blob = settled(found, cx.now)
    if (!fromArchive) refuseArchived(blob)
    checkSourceConditions(cx.request.headers, blob)
    return blob
  }
  return { read, url: withoutSignature(url), copiesTags }
}

export type CopySource = {
  /** As it is at that moment. Throws 404, 409 or 412. */
  read(reads: Pick<Reads, 'blobs'>): Promise<StoredBlob>
  readonly url: URL
  /** Whether the blob's tags are wanted, too, and may be had. */
  readonly copiesTags: boolean
}

/** As anybody would who has only the address: with its signature, or with the header that is for it. */
async function askForSource(cx: Context, url: URL, authorization: string | null): Promise<void> {
  const headers = { 'x-ms-version': '2021-06-08', ...(authorization === null ? {} : { authorization }) }
  const method = url.searchParams.has('comp') ? 'GET' : 'HEAD'
  const { status } = await cx.ask(new Request(url, { method, headers }))
  if (status === 200) return
  const reason = `Could not verify the copy source: it answers with ${status}.`
  throw refusals.cannotVerifyCopySource(([401, 404, 409] as const).find(one => one === status) ?? 403, reason)
}

function tagsOf(url: URL): URL {
  const tags = new URL(url)
  tags.searchParams.append('comp', 'tags')
  return tags
}

const elsewhere = () =>
  refusals.cannotVerifyCopySource(404, 'The copy source is no blob of a storage account of this server.')

/** It is kept and shown to whoever may read the copy. */
function withoutSignature(url: URL): URL {
  const shown = new URL(url)
  for (const name of [...shown.searchParams.keys()]) if (isSignature(name)) shown.searchParams.delete(name)
  return shown
}
