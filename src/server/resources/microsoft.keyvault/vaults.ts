import { systemGrant } from '../../access/grant.ts'
import { withoutNulls } from '../../arm/envelope.ts'
import { type Change, defineResource } from '../../arm/resource-type.ts'
import { accountHost } from '../../door/names.ts'
import type { ResourceBody } from '../../store/resources.ts'
import {
  longestRetentionDays,
  purgeTime,
  shortestRetentionDays,
  type VaultProperties,
  vaultProperties,
} from '../../vaults/properties.ts'
import { keyVaultVersions, rolesByDefaultSince } from './api-versions.ts'
import { checkAccessPolicies } from './check-access-policies.ts'
import * as refusals from './refusals.ts'
import { isVaultName } from './vault-name.ts'

export const vaultType = 'Microsoft.KeyVault/vaults'

const seeNames = systemGrant('see whether the name of a vault is taken')

/** A vault's name is a host name, so it is taken in all subscriptions, and as long as a deleted vault can come back. */
export const vaults = defineResource<VaultProperties>({
  type: vaultType,
  apiVersions: keyVaultVersions,
  location: 'required',
  properties: vaultProperties,

  // Who changes what decides about access decides about access.
  linked: ({ properties }, existing) => {
    const [wanted, there] = [properties.enableRbacAuthorization, existing?.body.properties.enableRbacAuthorization]
    const changes = existing !== undefined && wanted !== undefined && wanted !== there
    return changes ? [{ action: 'Microsoft.Authorization/roleAssignments/write', scope: existing.id.text }] : []
  },

  async put(change) {
    const { tx, cx, id, existing, body } = change
    if (body.properties.createMode === 'recover' && !existing) return { body: await recovered(change) }
    const before = existing?.body.properties as VaultProperties | undefined
    if (!existing) {
      if (!isVaultName(id.name)) throw refusals.vaultNameNotValid(id.name)
      const isTaken = (await tx.vaults.get(seeNames, id.name)) ?? (await tx.vaults.deleted(seeNames, id.name))
      if (isTaken) throw refusals.vaultAlreadyExists(id.name)
      await tx.vaults.make(cx.grant, id)
    }
    const isNewModel = (cx.url.searchParams.get('api-version') ?? '') >= rolesByDefaultSince
    const { tenantId } = cx.directory
    const properties = settled(body.properties, before, { tenantId, rolesByDefault: isNewModel })
    const policies = { before: before?.accessPolicies ?? [], tenantId }
    await checkAccessPolicies(tx, properties.accessPolicies ?? [], policies)
    return { body: { ...body, properties } }
  },

  // Here, null in a PATCH leaves a thing as it is.
  patch: ({ body }, patch): ResourceBody => {
    const wish = (withoutNulls(patch) as { properties?: Record<string, unknown> }).properties ?? {}
    return { ...body, properties: { ...body.properties, ...wish } }
  },

  async remove({ cx, tx, id, existing }) {
    await tx.vaults.softDelete(cx.grant, id, existing.body, purgeTime(existing, cx.now))
    return {}
  },

  render: ({ resource: { id, body }, parts, url }) => ({
    etag: undefined,
    ...body,
    properties: {
      ...body.properties,
      vaultUri: `https://${accountHost('key-vault', id.name.toLowerCase(), url, parts.config)}/`,
    },
  }),
})

/** As it was, contents and all, but for its role assignments, which went when it was deleted. */
async function recovered({ cx, tx, id, body }: Change<VaultProperties>): Promise<ResourceBody> {
  const found = await tx.vaults.deleted(seeNames, id.name)
  const isThere = found?.id.key === id.key && found.body.location === body.location
  if (!isThere) throw refusals.deletedVaultNotFound(id.name)
  await tx.vaults.recover(cx.grant, id)
  return found.body
}

/**
 * The properties to keep. A PUT says what a vault is to be: what it leaves out is as in a new vault. Only what cannot be
 * taken back, and whether roles or policies decide, stays as it was. Throws 400.
 */
function settled(
  { createMode: _createMode, ...wish }: VaultProperties,
  before: VaultProperties | undefined,
  { tenantId, rolesByDefault }: { tenantId: string; rolesByDefault: boolean },
): VaultProperties {
  const { sku } = wish
  if (!sku) throw refusals.notSpecified('sku')
  if (wish.tenantId === undefined) throw refusals.notSpecified('tenantId')
  if (wish.tenantId.toLowerCase() !== tenantId)
    throw refusals.badRequest(`The tenant '${wish.tenantId}' is not that of the subscription, which is '${tenantId}'.`)
  const enableRbacAuthorization = wish.enableRbacAuthorization ?? before?.enableRbacAuthorization ?? rolesByDefault
  if (!enableRbacAuthorization && !wish.accessPolicies) throw refusals.notSpecified('accessPolicies')
  const { publicNetworkAccess = 'Enabled' } = wish
  if (!/^(enabled|disabled)$/i.test(publicNetworkAccess)) throw refusals.invalidValueFor('publicNetworkAccess')

  const retention = wish.softDeleteRetentionInDays ?? before?.softDeleteRetentionInDays ?? longestRetentionDays
  if (retention < shortestRetentionDays || retention > longestRetentionDays)
    throw refusals.badRequest('The parameter softDeleteRetentionInDays has an invalid value.')
  if (before && retention !== before.softDeleteRetentionInDays)
    throw refusals.badRequest(
      'The property "softDeleteRetentionInDays" has been set already and it can\'t be modified.',
    )
  if (wish.enableSoftDelete === false)
    throw refusals.badRequest(
      'The property "enableSoftDelete" cannot be set to false. Soft delete is enabled for every vault.',
    )
  if (wish.enablePurgeProtection === false && (!before || before.enablePurgeProtection === true))
    throw refusals.badRequest(
      'The property "enablePurgeProtection" cannot be set to false. Enabling the purge protection for a vault is an irreversible action.',
    )
  const { enablePurgeProtection = before?.enablePurgeProtection, ...rest } = wish
  return {
    ...rest,
    sku,
    tenantId,
    accessPolicies: wish.accessPolicies ?? [],
    enabledForDeployment: wish.enabledForDeployment ?? false,
    enableSoftDelete: true,
    softDeleteRetentionInDays: retention,
    enableRbacAuthorization,
    ...(enablePurgeProtection === true ? { enablePurgeProtection } : {}),
    publicNetworkAccess,
    provisioningState: 'Succeeded',
  }
}
