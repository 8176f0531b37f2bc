import { randomUUID } from 'node:crypto'
import { operation } from '../../../door/operation.ts'
import { newEtag } from '../../../store/blob-etag.ts'
import type { StoredBlob } from '../../../store/blobs.ts'
import { writesOrAdds } from '../access.ts'
import { empty, validators } from '../answer.ts'
import { checkConditions } from '../conditions.ts'
import { checkRead } from '../lease.ts'
import { metadataFrom } from '../metadata.ts'
import { containerOf, existingBlob, refuseSnapshot } from '../place.ts'
import { timeBehind } from '../time-names.ts'

/**
 * The blob as it is now, for good. The bytes are shared: contents are not changed but replaced, and what an append blob
 * has more later lies behind the snapshot's length. Only pages are overwritten, so their list of pieces is copied.
 */
export const snapshotBlob = operation<'write'>({
  name: 'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write',
  route: 'PUT /:account/:container/:blob*',
  query: 'comp=snapshot',
  access: writesOrAdds('snapshotBlob'),
  async run(cx) {
    refuseSnapshot(cx.url)
    const { headers } = cx.request
    const metadata = metadataFrom(cx)
    const snapshot = await cx.store.write(async tx => {
      const container = await containerOf(cx, tx)
      const before = await existingBlob(cx, tx, container)
      checkConditions(headers, before, 'write')
      checkRead(before.lease, headers.get('x-ms-lease-id'), cx.now, 'blob')
      const { number: _number, lease: _lease, ...blob } = before
      const changed = Object.keys(metadata).length > 0
      const time = timeBehind(await tx.blobs.latestTime(cx.grant, container, before.name), cx.now)
      const taken: StoredBlob = {
        ...blob,
        snapshot: time,
        ...(changed ? { metadata, etag: newEtag(), changedAt: cx.now } : {}),
      }
      if (before.kind === 'PageBlob' && before.content !== undefined) {
        const content = randomUUID()
        await tx.contents.copy(cx.grant, before.content, content)
        Object.assign(taken, { content })
      }
      await tx.blobs.put(cx.grant, container, taken, undefined)
      return taken
    })
    return empty(201, {
      ...validators(snapshot),
      'x-ms-snapshot': snapshot.snapshot,
      'x-ms-request-server-encrypted': 'false',
    })
  },
})
