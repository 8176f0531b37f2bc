import { randomUUID } from 'node:crypto'
import * as z from 'zod'
import type { ResourceId } from '../../../wire/resource-id.ts'
import { systemGrant } from '../../access/grant.ts'
import { defineResource } from '../../arm/resource-type.ts'
import type { Principal } from '../../store/principals.ts'
import { listAssociatedResources } from './associated-resources.ts'

const findPrincipal = systemGrant('find the principal of a user-assigned identity')

/** Azure spells this one keyword of these ids in lower case, in its answers and in tokens. */
export const identityIdText = ({ text }: ResourceId) => text.replace('/resourceGroups/', '/resourcegroups/')

/**
 * An identity of its own, that any number of machines can be given. Behind it stands a principal, made and removed with
 * it in one transaction: who makes an identity of the same name again gets another one, without the old one's roles.
 */
export const userAssignedIdentities = defineResource({
  type: 'Microsoft.ManagedIdentity/userAssignedIdentities',
  apiVersions: [
    '2025-01-31-preview',
    '2024-11-30',
    '2023-07-31-preview',
    '2023-01-31',
    '2022-01-31-preview',
    '2021-09-30-preview',
    '2018-11-30',
    '2015-08-31-preview',
  ],
  location: 'required',
  name: {
    pattern: /^[A-Za-z0-9][A-Za-z0-9_-]{2,127}$/,
    rule: 'The name must start with a letter or number, contain only letters, numbers, hyphens and underscores, and be between 3 and 128 characters long.',
  },
  // The ids are the server's to choose, whatever the caller sends back of an earlier answer.
  properties: z.object({ isolationScope: z.enum(['None', 'Regional']).optional() }),

  async put({ cx, tx, id, body }) {
    const principal =
      (await tx.principals.get(findPrincipal, { resourceId: id.text })) ??
      (await tx.principals.put(cx.grant, {
        objectId: randomUUID(),
        clientId: randomUUID(),
        kind: 'managedIdentity',
        displayName: id.name,
        resourceId: identityIdText(id),
      }))
    const { location = '', tags = {} } = body
    const properties = { ...body.properties, ...identityIds(principal, cx.directory.tenantId) }
    return { body: { location, tags, properties } }
  },

  async remove({ cx, tx, id }) {
    const principal = await tx.principals.get(findPrincipal, { resourceId: id.text })
    if (principal) await tx.principals.remove(cx.grant, principal.objectId)
    return {}
  },

  actions: { listAssociatedResources },

  render({ resource: { id, body }, apiVersion }) {
    const { tenantId, principalId, clientId, ...others } = body.properties
    const ids = { tenantId, principalId, clientId }
    return {
      id: identityIdText(id),
      etag: undefined,
      location: body.location,
      tags: body.tags ?? {},
      properties: {
        ...ids,
        ...(apiVersion < '2024-11-30' ? {} : others),
        ...(apiVersion > '2018-11-30'
          ? {}
          : { clientSecretUrl: clientSecretUrl(identityIdText(id), body.location, ids) }),
      },
    }
  },
})

export const identityIds = ({ objectId, clientId }: Principal, tenantId: string) => ({
  tenantId,
  principalId: objectId,
  clientId,
})

/** Where Azure's own hosts fetch the identity's certificate. Nobody else can, and here nobody has to. */
export const clientSecretUrl = (
  id: string,
  location: unknown,
  { tenantId, principalId, clientId }: Record<'tenantId' | 'principalId' | 'clientId', unknown>,
) =>
  `https://control-${location}.identity.azure.net${id}/credentials?tid=${tenantId}&oid=${principalId}&aid=${clientId}`
