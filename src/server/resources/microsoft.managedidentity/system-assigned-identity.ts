import { parseResourceId } from '../../../wire/resource-id.ts'
import { systemGrant } from '../../access/grant.ts'
import { apiVersionOf } from '../../arm/api-version.ts'
import { resourceNotFound } from '../../arm/errors.ts'
import { atScope, idInScope, scopeOf } from '../../arm/scope.ts'
import { operation } from '../../door/operation.ts'
import { AzureError } from '../../errors.ts'
import { clientSecretUrl, identityIds } from './user-assigned-identities.ts'

const type = 'Microsoft.ManagedIdentity/identities'

export const systemAssignedVersions: readonly string[] = [
  '2025-01-31-preview',
  '2024-11-30',
  '2023-07-31-preview',
  '2023-01-31',
  '2022-01-31-preview',
  '2021-09-30-preview',
  '2018-11-30',
  '2015-08-31-preview',
]

const showIdentity = systemGrant('show the system-assigned identity of a resource to who may read it')

/** The identity that lives and dies with a resource, as a resource of its own. */
export const systemAssignedIdentity = operation({
  name: `${type}/read`,
  route: atScope('GET', `${type}/default`),
  access: { verb: 'read', action: `${type}/read`, on: scopeOf },
  async run(cx) {
    apiVersionOf(cx.url, systemAssignedVersions)
    const scope = parseResourceId(scopeOf(cx.params))
    const resource = scope && (await cx.store.resources.get(cx.grant, scope))
    if (!scope || !resource) throw scope ? resourceNotFound(scope) : noIdentity(scopeOf(cx.params))
    const principal = await cx.store.principals.get(showIdentity, { resourceId: scope.text })
    // A user-assigned identity has a principal, too, but that is not one that was assigned by the system.
    if (!principal || scope.type.toLowerCase() === 'microsoft.managedidentity/userassignedidentities')
      throw noIdentity(scope.text)
    const ids = identityIds(principal, cx.directory.tenantId)
    const id = idInScope(scope.text, `${type}/default`)
    const { location, tags = {} } = resource.body
    return Response.json({
      id,
      name: 'default',
      type,
      location,
      tags,
      properties: { ...ids, clientSecretUrl: clientSecretUrl(id, location, ids) },
    })
  },
})

const noIdentity = (scope: string) =>
  new AzureError(404, 'NotFound', `The resource '${scope}' has no system-assigned identity.`)
