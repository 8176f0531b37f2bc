import { randomUUID } from 'node:crypto'
import { readBytes } from '../../../door/body.ts'
import { operation } from '../../../door/operation.ts'
import { newEtag } from '../../../store/blob-etag.ts'
import type { BlockLength } from '../../../store/blobs.ts'
import type { Part } from '../../../store/contents.ts'
import { writesOrAdds } from '../access.ts'
import { empty, written } from '../answer.ts'
import { contentHeaders, refuseUnsupported, tierFrom } from '../blob-headers.ts'
import { checkedHashes, hashHeaders } from '../hashes.ts'
import { metadataFrom } from '../metadata.ts'
import { checkBlobName } from '../names.ts'
import * as refusals from '../refusals.ts'
import { tagsFrom } from '../tags.ts'
import { openToWrite, replace } from '../write-blob.ts'
import { parsedXml } from '../xml.ts'
import { checkBlockId } from './block-id.ts'

const mostBlocks = 50_000
/** Enough for that many ids. */
const longestList = 8 * 1024 * 1024

/** Makes the blob of blocks, in the order given, and drops those that are not part of it. */
export const putBlockList = operation<'write'>({
  name: 'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write',
  route: 'PUT /:account/:container/:blob*',
  query: 'comp=blocklist',
  access: writesOrAdds('putBlockList'),
  async run(cx) {
    const { headers } = cx.request
    checkBlobName(cx.params.blob ?? '')
    refuseUnsupported(headers)
    const [metadata, tags, tier] = [metadataFrom(cx), await tagsFrom(cx), tierFrom(headers, 'BlockBlob')]
    const given = contentHeaders(headers, { plainToo: false })
    const text = await readBytes(cx.request, longestList, refusals.bodyTooLarge)
    const hashes = checkedHashes(headers, text)
    const wanted = await blockListIn(text.toString())
    const blob = await cx.store.write(async tx => {
      const place = await openToWrite(cx, tx)
      const { container, before } = place
      const name = cx.params.blob ?? ''
      if (before && before.kind !== 'BlockBlob') throw refusals.invalidBlobType()
      const uncommitted = await tx.blobs.blockLengths(cx.grant, container, name)
      const committed = before?.content === undefined ? [] : await tx.contents.blockLengths(cx.grant, before.content)
      const { parts, length } = assembled(wanted, uncommitted, committed)
      const content = randomUUID()
      const from = { container: container.number, name, content: before?.content }
      await tx.contents.assemble(cx.grant, content, parts, from)
      await tx.blobs.removeBlocks(cx.grant, container, name)
      return replace(cx, tx, place, {
        kind: 'BlockBlob',
        etag: newEtag(),
        length,
        content,
        headers: given,
        metadata,
        ...(tags ? { tags } : {}),
        ...(tier === undefined ? {} : { tier, tierChangedAt: cx.now }),
      })
    })
    return empty(201, { ...written(blob), ...hashHeaders(hashes), 'x-ms-request-server-encrypted': 'true' })
  },
})

type Wanted = { readonly from: 'Latest' | 'Committed' | 'Uncommitted'; readonly id: string }

function assembled(
  wanted: readonly Wanted[],
  uncommitted: readonly BlockLength[],
  committed: readonly (BlockLength & { readonly at: number })[],
): { parts: Part[]; length: number } {
  const [fresh, old] = [new Map(uncommitted.map(byId)), new Map(committed.map(byId))]
  const parts: Part[] = []
  let at = 0
  for (const { from, id } of wanted) {
    const block = from === 'Committed' ? undefined : fresh.get(id)
    const piece = from === 'Uncommitted' || block ? undefined : old.get(id)
    const { length } = block ?? piece ?? refuseUnknown()
    // A block without bytes has no place among the pieces.
    if (length > 0) parts.push(piece ? { at, pieceAt: piece.at } : { at, block: id })
    at += length
  }
  return { parts, length: at }
}

const byId = <One extends BlockLength>(one: One): [string, One] => [one.id, one]

function refuseUnknown(): never {
  throw refusals.invalidBlockList()
}

async function blockListIn(text: string): Promise<Wanted[]> {
  const nodes = await parsedXml(text, 'BlockList', { most: mostBlocks, tooMany: refusals.blockCountExceeds })
  return nodes.map(({ name: from, text: id }) => {
    if (from !== 'Latest' && from !== 'Committed' && from !== 'Uncommitted') throw refusals.invalidXml()
    try {
      return { from, id: checkBlockId(id) }
    } catch {
      throw refusals.invalidBlockList()
    }
  })
}
