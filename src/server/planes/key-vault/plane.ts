import { systemGrant } from '../../access/grant.ts'
import type { Operation } from '../../door/operation.ts'
import type { Plane } from '../../door/plane.ts'
import { trimmedSegments } from '../../door/routes.ts'
import { AzureError } from '../../errors.ts'
import type { Parts } from '../../parts.ts'
import { vaultNotFound } from '../../vaults/refusals.ts'
import { permitsByPolicy, refusedByRoles } from './access.ts'
import { certificateOperations } from './certificates/operations.ts'
import { challenged } from './challenge.ts'
import { keyOperations } from './keys/operations.ts'
import { azureLimits } from './limits.ts'
import { secretOperations } from './secrets/operations.ts'
import { vaultHeaders } from './vault-operation.ts'

const findVault = systemGrant('find the vault that a host name stands for')

const operations: readonly Operation[] = [...secretOperations, ...keyOperations, ...certificateOperations]

/** What vaults hold: secrets, keys and certificates. The name of the vault is the first segment of every path. */
export function keyVaultPlane(parts: Parts): Plane {
  const { config, store, tokens } = parts
  return {
    name: 'key-vault',
    operations: config.vaultLimits === 'azure' ? operations.map(azureLimits()) : operations,
    acceptsAudience: audience => tokens.audiences.serviceOf(audience) === 'key-vault',

    // `//secrets/a` and `/secrets/a/` are written in the wild for `/secrets/a`.
    segments: pathname => trimmedSegments(pathname)?.filter(segment => segment !== ''),

    async locate({ vault: name = '' }) {
      const vault = await store.vaults.get(findVault, name)
      if (!vault) throw vaultNotFound(name)
      return { vaultId: vault.id.text, location: vault.body.location ?? '' }
    },

    permits: (caller, wish, call) => permitsByPolicy(parts, caller, wish, call),
    notFound: ({ request, url }) =>
      new AzureError(404, 'NotFound', `There is no operation ${request.method} ${url.pathname} of a vault.`),
    unauthenticated: (call, why) => challenged(parts, call, why),
    forbidden: (caller, action, scope, { params }) => refusedByRoles(caller, action, scope, params),

    renderError({ status, code, message, headers, extra }, call) {
      // What cannot be read is one kind of bad parameter, here.
      const shown = code === 'InvalidRequestContent' ? 'BadParameter' : code
      return Response.json(
        { error: { code: shown, message, ...extra } },
        { status, headers: { ...vaultHeaders(parts, call), ...headers } },
      )
    },
  }
}
