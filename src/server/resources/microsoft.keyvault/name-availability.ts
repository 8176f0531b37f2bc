import * as z from 'zod'
import { systemGrant } from '../../access/grant.ts'
import { apiVersionOf } from '../../arm/api-version.ts'
import { checked } from '../../arm/envelope.ts'
import { readJson } from '../../door/body.ts'
import { type Context, operation, type Params } from '../../door/operation.ts'
import { keyVaultVersions } from './api-versions.ts'
import { nameInUse, nameNotValid } from './refusals.ts'
import { isVaultName } from './vault-name.ts'

const seeNames = systemGrant('say whether the name of a vault can be had')

const wish = z.looseObject({ name: z.string(), type: z.string() })

const provider = '/subscriptions/:subscriptionId/providers/Microsoft.KeyVault'
const on = ({ subscriptionId }: Params) => `/subscriptions/${subscriptionId}`

export const vaultNameAvailability = operation({
  name: 'Microsoft.KeyVault/checkNameAvailability/read',
  route: `POST ${provider}/checkNameAvailability`,
  access: { verb: 'read', action: 'Microsoft.KeyVault/checkNameAvailability/read', on },
  async run(cx) {
    const { name } = await asked(cx, wish)
    if (!isVaultName(name)) return invalid(nameNotValid(name))
    const { vaults } = cx.store
    const isTaken = (await vaults.get(seeNames, name)) ?? (await vaults.deleted(seeNames, name))
    return Response.json(
      isTaken ? { nameAvailable: false, reason: 'AlreadyExists', message: nameInUse(name) } : { nameAvailable: true },
    )
  },
})

/** What `az keyvault check-name` asks, whatever it was asked about. No managed HSM is there that could have the name. */
export const hsmNameAvailability = operation({
  name: 'Microsoft.KeyVault/checkMhsmNameAvailability/read',
  route: `POST ${provider}/checkMhsmNameAvailability`,
  access: { verb: 'read', action: 'Microsoft.KeyVault/checkMhsmNameAvailability/read', on },
  async run(cx) {
    const { name } = await asked(cx, wish.pick({ name: true }))
    return isVaultName(name) ? Response.json({ nameAvailable: true }) : invalid(nameNotValid(name, 'managed HSM'))
  },
})

async function asked<Wish>({ url, request }: Context, schema: z.ZodType<Wish>): Promise<Wish> {
  apiVersionOf(url, keyVaultVersions)
  return checked(schema, await readJson(request))
}

const invalid = (message: string) => Response.json({ nameAvailable: false, reason: 'AccountNameInvalid', message })
