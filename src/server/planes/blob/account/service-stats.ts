import { operation } from '../../../door/operation.ts'
import { readsService } from '../access.ts'
import { rfc1123, xml } from '../answer.ts'
import { invalidQuery } from '../refusals.ts'
import { element } from '../xml.ts'

/** How far the second place has come, which is the first one: asked at its address only. */
export const getServiceStats = operation<'read'>({
  name: 'Microsoft.Storage/storageAccounts/blobServices/read',
  route: 'GET /:account',
  query: 'restype=service&comp=stats',
  access: readsService('getServiceStats'),
  run(cx) {
    if (cx.params.secondary === undefined) throw invalidQuery('comp', 'stats')
    return xml(
      200,
      `<StorageServiceStats><GeoReplication>${element('Status', 'live')}${element('LastSyncTime', rfc1123(cx.now))}</GeoReplication></StorageServiceStats>`,
    )
  },
})
