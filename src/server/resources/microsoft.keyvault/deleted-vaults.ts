import { systemGrant } from '../../access/grant.ts'
import { apiVersionOf } from '../../arm/api-version.ts'
import { normalLocation } from '../../arm/envelope.ts'
import { type Context, type Operation, operation, type Params } from '../../door/operation.ts'
import type { Reads } from '../../store/open.ts'
import type { DeletedVault } from '../../store/vaults.ts'
import { isPurgeProtected } from '../../vaults/properties.ts'
import { existingSubscription } from '../microsoft.resources/subscriptions.ts'
import { keyVaultVersions } from './api-versions.ts'
import { deletedVaultNotFound, purgeNotAllowed } from './refusals.ts'

/** Vaults that can still be recovered, by a PUT with `createMode: recover` where they were. */

const subscription = '/subscriptions/:subscriptionId'
const one = `${subscription}/providers/Microsoft.KeyVault/locations/:location/deletedVaults/:name`
const on = ({ subscriptionId }: Params) => `/subscriptions/${subscriptionId}`

const keepDeleted = systemGrant('show and purge deleted vaults for who may do so in their subscription')

const get = operation({
  name: 'Microsoft.KeyVault/locations/deletedVaults/read',
  route: `GET ${one}`,
  access: { verb: 'read', action: 'Microsoft.KeyVault/locations/deletedVaults/read', on },
  async run(cx) {
    apiVersionOf(cx.url, keyVaultVersions)
    return Response.json(shown(await found(cx.store, cx)))
  },
})

const purge = operation({
  name: 'Microsoft.KeyVault/locations/deletedVaults/purge/action',
  route: `POST ${one}/purge`,
  access: { verb: 'action', action: 'Microsoft.KeyVault/locations/deletedVaults/purge/action', on },
  async run(cx) {
    apiVersionOf(cx.url, keyVaultVersions)
    await cx.store.write(async tx => {
      const vault = await found(tx, cx)
      if (isPurgeProtected(vault)) throw purgeNotAllowed()
      await tx.vaults.purge(keepDeleted, vault.id)
    })
    return new Response(null, { status: 200 })
  },
})

const list = operation({
  name: 'Microsoft.KeyVault/deletedVaults/read',
  route: `GET ${subscription}/providers/Microsoft.KeyVault/deletedVaults`,
  access: { verb: 'read', action: 'Microsoft.KeyVault/deletedVaults/read', on },
  async run(cx) {
    apiVersionOf(cx.url, keyVaultVersions)
    const { id } = await existingSubscription(cx.store, cx.params.subscriptionId ?? '')
    const vaults = await cx.store.vaults.listDeleted(cx.grant, id.name)
    return Response.json({ value: vaults.map(shown) })
  },
})

async function found({ vaults }: Pick<Reads, 'vaults'>, { params }: Context): Promise<DeletedVault> {
  const { name = '', location = '', subscriptionId = '' } = params
  const vault = await vaults.deleted(keepDeleted, name)
  const isThere =
    vault &&
    vault.id.subscriptionId.toLowerCase() === subscriptionId.toLowerCase() &&
    vault.body.location === normalLocation(location)
  if (!isThere) throw deletedVaultNotFound(name)
  return vault
}

function shown(vault: DeletedVault) {
  const { id, name, body, deletedAt, purgeAt } = vault
  const { location = '', tags = {} } = body
  return {
    id: `/subscriptions/${id.subscriptionId}/providers/Microsoft.KeyVault/locations/${location}/deletedVaults/${name}`,
    name,
    type: 'Microsoft.KeyVault/deletedVaults',
    properties: {
      vaultId: id.text,
      location,
      tags,
      deletionDate: new Date(deletedAt).toISOString(),
      scheduledPurgeDate: new Date(purgeAt).toISOString(),
      ...(isPurgeProtected(vault) ? { purgeProtectionEnabled: true } : {}),
    },
  }
}

export const deletedVaultOperations: readonly Operation[] = [get, purge, list]
