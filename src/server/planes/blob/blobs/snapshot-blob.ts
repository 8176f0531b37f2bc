import { operation } from '../../../door/operation.ts'
import { newEtag } from '../../../store/blob-etag.ts'
import { writesOrAdds } from '../access.ts'
import { empty, validators } from '../answer.ts'
import { checkConditions } from '../conditions.ts'
import { checkRead } from '../lease.ts'
import { metadataFrom } from '../metadata.ts'
import { accountOf, containerOf, existingBlob, refuseOneOf } from '../place.ts'
import { refuseArchived } from '../rehydration.ts'
import { timeBehind } from '../time-names.ts'
import { keepCopy, versionIds } from '../versions.ts'

/** The blob as it is now, for good. With versioning on it makes a version as well, and the current one is a new one. */
export const snapshotBlob = operation<'write'>({
  name: 'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write',
  route: 'PUT /:account/:container/:blob*',
  query: 'comp=snapshot',
  access: writesOrAdds('snapshotBlob'),
  async run(cx) {
    refuseOneOf(cx.url)
    const { headers } = cx.request
    const metadata = metadataFrom(cx)
    const { snapshot, version } = await cx.store.write(async tx => {
      const account = await accountOf({ store: tx, params: cx.params })
      const container = await containerOf(cx, tx)
      const before = await existingBlob(cx, tx, container)
      checkConditions(headers, before, 'write')
      checkRead(before.lease, headers.get('x-ms-lease-id'), cx.now, 'blob')
      refuseArchived(before)
      const { next: version, previous } = await versionIds(cx, tx, { account, container }, before)
      if (version !== undefined && previous !== undefined) {
        await keepCopy(cx, tx, container, before, { version: previous, isPrevious: true })
        await tx.blobs.restate(cx.grant, container, { ...before, version }, before)
      }
      const time = timeBehind(await tx.blobs.latestTime(cx.grant, container, before.name), cx.now)
      const changed = Object.keys(metadata).length > 0 ? { metadata, etag: newEtag(), changedAt: cx.now } : {}
      const snapshot = await keepCopy(cx, tx, container, { ...before, ...changed }, { snapshot: time })
      return { snapshot, version }
    })
    return empty(201, {
      ...validators(snapshot),
      'x-ms-snapshot': snapshot.snapshot,
      'x-ms-version-id': version,
      'x-ms-request-server-encrypted': 'false',
    })
  },
})
