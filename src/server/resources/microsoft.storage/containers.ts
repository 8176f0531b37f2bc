import * as z from 'zod'
import { systemGrant } from '../../access/grant.ts'
import { apiVersionOf } from '../../arm/api-version.ts'
import { checked } from '../../arm/envelope.ts'
import { page, pageOf } from '../../arm/paging.ts'
import { readJson } from '../../door/body.ts'
import { type Context, operation, type Params } from '../../door/operation.ts'
import { AzureError } from '../../errors.ts'
import { type BlobContainer, containerId } from '../../store/blob-containers.ts'
import { newEtag } from '../../store/blob-etag.ts'
import { isLocked, stateOf } from '../../store/lease-state.ts'
import type { StorageAccount } from '../../store/storage-accounts.ts'
import { storageVersions } from './api-versions.ts'
import { accountIdOf, namedAccount } from './blob-settings.ts'
import { checkedMetadata } from './metadata-rules.ts'

/** Containers as the resource manager has them: the same as the blob service's own. */

const type = 'Microsoft.Storage/storageAccounts/blobServices/containers'
const listPath =
  '/subscriptions/:subscriptionId/resourceGroups/:resourceGroupName/providers/Microsoft.Storage/storageAccounts/:accountName/blobServices/default/containers'
const itemPath = `${listPath}/:containerName`
const onContainer = (params: Params) => containerId(accountIdOf(params), params.containerName ?? '')
const seeContainer = systemGrant('show a container to who may read it')

const wish = z.looseObject({
  publicAccess: z.enum(['None', 'Blob', 'Container']).optional(),
  metadata: z.record(z.string(), z.string()).optional(),
})

const words = { blob: 'Blob', container: 'Container' } as const

function shown(container: BlobContainer, now: number) {
  const { publicAccess, metadata, lease } = container
  const state = stateOf(lease, now)
  return {
    id: container.id,
    name: container.name,
    type,
    etag: `"${container.etag}"`,
    properties: {
      publicAccess: publicAccess === undefined ? 'None' : words[publicAccess],
      ...(Object.keys(metadata).length > 0 ? { metadata } : {}),
      leaseStatus: isLocked(state) ? 'Locked' : 'Unlocked',
      leaseState: state.replace(/^./, first => first.toUpperCase()),
      ...(state === 'leased' ? { leaseDuration: lease?.durationSec === -1 ? 'Infinite' : 'Fixed' } : {}),
      lastModifiedTime: new Date(container.changedAt).toISOString(),
      hasImmutabilityPolicy: false,
      hasLegalHold: false,
      defaultEncryptionScope: '$account-encryption-key',
      denyEncryptionScopeOverride: false,
      deleted: false,
    },
  }
}

const accessFrom = (
  wished: 'None' | 'Blob' | 'Container' | undefined,
  account: StorageAccount,
): BlobContainer['publicAccess'] => {
  if (wished === undefined || wished === 'None') return undefined
  if (!account.rules.publicAccess)
    throw new AzureError(409, 'PublicAccessNotPermitted', 'Public access is not permitted on this storage account.')
  return wished === 'Blob' ? 'blob' : 'container'
}

const notFound = () => new AzureError(404, 'ContainerNotFound', 'The specified container does not exist.')

const putContainer = ['PUT', 'PATCH'].map(method =>
  operation<'write'>({
    name: `${type}/write`,
    route: `${method} ${itemPath}`,
    access: { verb: 'write', action: `${type}/write`, on: onContainer },
    run: cx => put(cx, method === 'PATCH'),
  }),
)

async function put(cx: Context<'write'>, onlyExisting: boolean): Promise<Response> {
  apiVersionOf(cx.url, storageVersions)
  const name = cx.params.containerName ?? ''
  const isName = /^[a-z0-9]+(-[a-z0-9]+)*$/.test(name) && name.length >= 3 && name.length <= 63
  if (!isName && !['$root', '$web'].includes(name))
    throw new AzureError(400, 'InvalidResourceName', 'The specified resource name contains invalid characters.')
  const given = checked(wish, (await readJson(cx.request)).properties ?? {}, 'properties')
  const metadata = given.metadata && checkedMetadata(Object.entries(given.metadata))
  const account = await namedAccount(cx.store, cx.params)
  const { container, created } = await cx.store.write(async tx => {
    const before = await tx.blobContainers.get(cx.grant, account, name)
    if (!before) {
      if (onlyExisting) throw notFound()
      const made = await tx.blobContainers.create(cx.grant, account, {
        name,
        etag: newEtag(),
        createdAt: cx.now,
        changedAt: cx.now,
        metadata: metadata ?? {},
        publicAccess: accessFrom(given.publicAccess, account),
        policies: [],
      })
      if (!made) throw new Error('two containers of one name in one transaction')
      return { container: made, created: true }
    }
    const container = {
      ...before,
      ...(metadata ? { metadata } : {}),
      ...(given.publicAccess === undefined ? {} : { publicAccess: accessFrom(given.publicAccess, account) }),
      etag: newEtag(),
      changedAt: cx.now,
    }
    await tx.blobContainers.update(cx.grant, container)
    return { container, created: false }
  })
  return Response.json(shown(container, cx.now), { status: created ? 201 : 200 })
}

const getContainer = operation<'read'>({
  name: `${type}/read`,
  route: `GET ${itemPath}`,
  access: { verb: 'read', action: `${type}/read`, on: onContainer },
  async run(cx) {
    apiVersionOf(cx.url, storageVersions)
    const found = await cx.store.blobContainers.get(
      cx.grant,
      await namedAccount(cx.store, cx.params),
      cx.params.containerName ?? '',
    )
    if (!found) throw notFound()
    return Response.json(shown(found, cx.now))
  },
})

const listContainers = operation<'read'>({
  name: `${type}/read`,
  route: `GET ${listPath}`,
  access: { verb: 'read', action: `${type}/read`, on: accountIdOf },
  async run(cx) {
    apiVersionOf(cx.url, storageVersions)
    const account = await namedAccount(cx.store, cx.params)
    const { limit, after = '' } = pageOf(cx.url)
    const rows = await cx.store.blobContainers.list(seeContainer, account, {
      prefix: '',
      from: after === '' ? '' : `${after}\0`,
      limit: limit + 1,
    })
    const { value, nextLink } = page(
      cx.url,
      limit,
      rows,
      row => row.name,
      some => some.map(one => shown(one, cx.now)),
    )
    return Response.json({ value, ...(nextLink === undefined ? {} : { nextLink }) })
  },
})

const deleteContainer = operation<'delete'>({
  name: `${type}/delete`,
  route: `DELETE ${itemPath}`,
  access: { verb: 'delete', action: `${type}/delete`, on: onContainer },
  async run(cx) {
    apiVersionOf(cx.url, storageVersions)
    const account = await namedAccount(cx.store, cx.params)
    const removed = await cx.store.write(async tx => {
      const container = await tx.blobContainers.get(cx.grant, account, cx.params.containerName ?? '')
      if (!container) return false
      if (isLocked(stateOf(container.lease, cx.now)))
        throw new AzureError(
          409,
          'LeaseIdMissing',
          'There is currently a lease on the container and no lease ID was specified in the request.',
        )
      await tx.blobContainers.remove(cx.grant, container)
      return true
    })
    return new Response(null, { status: removed ? 200 : 204 })
  },
})

export const containerOperations = [...putContainer, getContainer, listContainers, deleteContainer]
