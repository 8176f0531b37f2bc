import type * as z from 'zod'
import { systemGrant } from '../../access/grant.ts'
import { checked } from '../../arm/envelope.ts'
import { defineResource, type View } from '../../arm/resource-type.ts'
import { invalidRequestContent } from '../../door/body.ts'
import { accountHost } from '../../door/names.ts'
import { hasReadableSecondary } from '../../store/storage-accounts.ts'
import { mergePatch } from '../merge-patch.ts'
import { accountEnvelope, accountProperties, rulesOf, skusOf, tierOf, wishedProperties } from './account-properties.ts'
import { storageVersions } from './api-versions.ts'
import * as refusals from './errors.ts'
import { listKeys, newKey, regenerateKey, revokeUserDelegationKeys } from './keys.ts'
import { listAccountSas, listServiceSas } from './signatures.ts'

const seeAccount = systemGrant('show what a storage account is made of to who may read it')

/** A name for containers of blobs, with two keys that open everything in it. */
export const storageAccounts = defineResource<z.infer<typeof accountProperties>>({
  type: 'Microsoft.Storage/storageAccounts',
  apiVersions: storageVersions,
  location: 'required',
  createdStatus: 200,
  properties: accountProperties,

  async put({ cx, tx, id, existing, body }) {
    if (!/^[a-z0-9]{3,24}$/.test(id.name)) throw refusals.accountNameInvalid(id.name)
    const { sku, kind } = checked(accountEnvelope, { ...existing?.body, ...body })
    const isUpgrade = kind === 'StorageV2' && existing?.body.kind !== 'BlockBlobStorage'
    if (existing && existing.body.kind !== kind && !isUpgrade) throw refusals.cannotChange('kind')
    if (!skusOf[kind].some(name => name === sku.name)) throw refusals.noSuchAccountType()
    const properties = wishedProperties(body.properties)
    const rules = rulesOf(properties, sku.name, kind)
    const account = await tx.storageAccounts.get(seeAccount, { id: id.text })
    if (account) await tx.storageAccounts.update(cx.grant, { ...account, rules })
    else {
      const keys = [newKey('key1', cx.now), newKey('key2', cx.now)]
      const made = await tx.storageAccounts.create(cx.grant, {
        name: id.name,
        id: id.text,
        rules,
        createdAt: cx.now,
        keys,
      })
      if (!made) throw refusals.accountAlreadyTaken(id.name)
    }
    const { location = '', tags = {} } = body
    return { body: { location, tags, sku: { name: sku.name }, kind, properties } }
  },

  patch: (existing, patch) => ({
    ...existing.body,
    ...(patch.sku === undefined ? {} : { sku: patch.sku }),
    ...(patch.kind === undefined ? {} : { kind: patch.kind }),
    properties: mergePatch(existing.body.properties, changedProperties(patch.properties)),
  }),

  async remove({ cx, tx, id }) {
    const account = await tx.storageAccounts.get(seeAccount, { id: id.text })
    if (account) await tx.storageAccounts.remove(cx.grant, account)
    return {}
  },

  actions: { listKeys, regenerateKey, revokeUserDelegationKeys, listAccountSas, listServiceSas },
  render,
})

/** Throws 400 for a text or a list, whose members would become properties. */
function changedProperties(given: unknown = {}): Record<string, unknown> {
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw invalidRequestContent('properties: an object was expected')
  return { ...given }
}

async function render({ parts, resource: { id, body }, apiVersion, url }: View): Promise<Record<string, unknown>> {
  const account = await parts.store.storageAccounts.get(seeAccount, { id: id.text })
  const keys = account ? await parts.store.storageAccounts.keys(seeAccount, account) : []
  const created = new Date(account?.createdAt ?? 0).toISOString()
  const { name: sku } = body.sku as { name: string }
  const twoPlaces = /GZ?RS$/.test(sku)
  const wished = body.properties
  const service = { enabled: true, keyType: 'Account', lastEnabledTime: created }
  return {
    etag: undefined,
    sku: { name: sku, tier: tierOf(sku) },
    kind: body.kind,
    location: body.location,
    tags: body.tags ?? {},
    properties: {
      ...wished,
      accessTier: wished.accessTier ?? 'Hot',
      allowBlobPublicAccess: wished.allowBlobPublicAccess ?? false,
      allowSharedKeyAccess: wished.allowSharedKeyAccess ?? true,
      minimumTlsVersion: wished.minimumTlsVersion ?? 'TLS1_2',
      supportsHttpsTrafficOnly: wished.supportsHttpsTrafficOnly ?? true,
      networkAcls: wished.networkAcls ?? {
        bypass: 'AzureServices',
        virtualNetworkRules: [],
        ipRules: [],
        defaultAction: 'Allow',
      },
      encryption: { services: { blob: service }, keySource: 'Microsoft.Storage' },
      ...(apiVersion < '2019-06-01'
        ? {}
        : {
            keyCreationTime: Object.fromEntries(keys.map(key => [key.name, new Date(key.createdAt).toISOString()])),
            privateEndpointConnections: [],
          }),
      provisioningState: 'Succeeded',
      creationTime: created,
      primaryLocation: body.location,
      statusOfPrimary: 'available',
      primaryEndpoints: { blob: `https://${accountHost('blob', id.name, url, parts.config)}/` },
      ...(twoPlaces ? { secondaryLocation: body.location, statusOfSecondary: 'available' } : {}),
      ...(hasReadableSecondary(sku)
        ? { secondaryEndpoints: { blob: `https://${accountHost('blob', `${id.name}-secondary`, url, parts.config)}/` } }
        : {}),
    },
  }
}
