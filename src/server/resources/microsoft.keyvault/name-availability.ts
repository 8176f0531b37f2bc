import * as z from 'zod'
import { systemGrant } from '../../access/grant.ts'
import { apiVersionOf } from '../../arm/api-version.ts'
import { checked } from '../../arm/envelope.ts'
import { readJson } from '../../door/body.ts'
import { operation } from '../../door/operation.ts'
import { keyVaultVersions } from './api-versions.ts'
import { nameInUse, nameNotValid } from './refusals.ts'
import { isVaultName } from './vault-name.ts'

const seeNames = systemGrant('say whether the name of a vault can be had')

const wish = z.looseObject({ name: z.string(), type: z.string() })

export const vaultNameAvailability = operation({
  name: 'Microsoft.KeyVault/checkNameAvailability/read',
  route: 'POST /subscriptions/:subscriptionId/providers/Microsoft.KeyVault/checkNameAvailability',
  access: {
    verb: 'read',
    action: 'Microsoft.KeyVault/checkNameAvailability/read',
    on: ({ subscriptionId }) => `/subscriptions/${subscriptionId}`,
  },
  async run(cx) {
    apiVersionOf(cx.url, keyVaultVersions)
    const { name } = checked(wish, await readJson(cx.request))
    if (!isVaultName(name)) {
      return Response.json({ nameAvailable: false, reason: 'AccountNameInvalid', message: nameNotValid(name) })
    }
    const { vaults } = cx.store
    const isTaken = (await vaults.get(seeNames, name)) ?? (await vaults.deleted(seeNames, name))
    return Response.json(
      isTaken ? { nameAvailable: false, reason: 'AlreadyExists', message: nameInUse(name) } : { nameAvailable: true },
    )
  },
})
