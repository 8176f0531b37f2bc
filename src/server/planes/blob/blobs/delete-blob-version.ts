import { operation } from '../../../door/operation.ts'
import { deletesVersion } from '../access.ts'
import { purgeTime } from '../account/service-properties.ts'
import { empty } from '../answer.ts'
import { checkConditions } from '../conditions.ts'
import { drop } from '../drop.ts'
import { accountOf, containerOf, existingBlob } from '../place.ts'
import { refusePermanent, valuesIn } from '../query.ts'
import * as refusals from '../refusals.ts'

/**
 * A right of its own, which not everybody has who may delete blobs: versions are there for what is deleted by mistake
 * or worse. The current one goes with the blob alone.
 */
export const deleteBlobVersion = operation<'delete'>({
  name: 'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/deleteBlobVersion/action',
  route: 'DELETE /:account/:container/:blob*',
  query: 'versionid=*',
  access: deletesVersion,
  async run(cx) {
    refusePermanent(cx.url)
    const { headers } = cx.request
    if (headers.has('x-ms-delete-snapshots'))
      throw refusals.invalidQuery('versionid', valuesIn(cx.url, 'versionid')[0] ?? '', 'A version has no snapshots.')
    const purgeAt = purgeTime(await accountOf(cx), cx.now)
    await cx.store.write(async tx => {
      const container = await containerOf(cx, tx)
      const version = await existingBlob(cx, tx, container)
      if (!version.isPrevious) throw refusals.notOnRootBlob()
      checkConditions(headers, version, 'write')
      await drop(cx, tx, container, version, purgeAt)
    })
    return empty(202, { 'x-ms-delete-type-permanent': String(purgeAt === undefined) })
  },
})
