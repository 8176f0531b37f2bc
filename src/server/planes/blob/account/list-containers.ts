import { operation } from '../../../door/operation.ts'
import type { BlobContainer } from '../../../store/blob-containers.ts'
import { listsContainers } from '../access.ts'
import { rfc1123, xml } from '../answer.ts'
import { leaseHeaders } from '../lease.ts'
import { endpointOf, metadataXml } from '../list-xml.ts'
import { included, markerOf, maxResults, positionIn } from '../paging.ts'
import { accountOf } from '../place.ts'
import { element } from '../xml.ts'

export const listContainers = operation<'read'>({
  name: 'Microsoft.Storage/storageAccounts/blobServices/containers/read',
  route: 'GET /:account',
  query: 'comp=list',
  access: listsContainers,
  async run(cx) {
    const account = await accountOf(cx)
    const { searchParams } = cx.url
    const prefix = searchParams.get('prefix') ?? ''
    const include = included(cx.url, ['metadata', 'deleted', 'system'])
    const limit = maxResults(cx.url)
    const from = positionIn(cx.url)?.name ?? ''
    const found = await cx.store.blobContainers.list(cx.grant, account, { prefix, from, limit: limit + 1 })
    const next = found[limit]
    const shown = found.slice(0, limit).filter(({ name }) => include.has('system') || !['$logs'].includes(name))
    const items = shown.map(container => containerXml(container, cx.now, include.has('metadata')))
    const marker = searchParams.get('marker') ?? ''
    return xml(
      200,
      `<EnumerationResults ServiceEndpoint="${endpointOf(cx)}">${prefix === '' ? '' : element('Prefix', prefix)}${marker === '' ? '' : element('Marker', marker)}${element('MaxResults', limit)}<Containers>${items.join('')}</Containers>${element('NextMarker', next ? markerOf({ name: next.name }) : '')}</EnumerationResults>`,
    )
  },
})

function containerXml(container: BlobContainer, now: number, withMetadata: boolean): string {
  const lease = leaseHeaders(container.lease, now)
  const properties = [
    element('Last-Modified', rfc1123(container.changedAt)),
    element('Etag', `"${container.etag}"`),
    element('LeaseStatus', lease['x-ms-lease-status']),
    element('LeaseState', lease['x-ms-lease-state']),
    element('LeaseDuration', lease['x-ms-lease-duration']),
    element('PublicAccess', container.publicAccess),
    element('DefaultEncryptionScope', '$account-encryption-key'),
    element('DenyEncryptionScopeOverride', false),
    element('HasImmutabilityPolicy', false),
    element('HasLegalHold', false),
  ]
  const metadata = withMetadata ? metadataXml(container.metadata) : ''
  return `<Container>${element('Name', container.name)}<Properties>${properties.join('')}</Properties>${metadata}</Container>`
}
