import * as z from 'zod'
import { parseResourceId } from '../../../wire/resource-id.ts'
import { systemGrant } from '../../access/grant.ts'
import { type Change, defineResource } from '../../arm/resource-type.ts'
import { AzureError } from '../../errors.ts'
import { identityIdText } from './user-assigned-identities.ts'

const type = 'Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials'

const properties = z.object({ issuer: z.string(), subject: z.string(), audiences: z.array(z.string()) })

type Trust = z.infer<typeof properties>

const mostOfOneIdentity = 20
const longest = 600

const seeOthers = systemGrant('compare a federated credential with the others of its identity')

/** Whose tokens stand for an identity: what an issuer signs for one subject is as good as the identity's own secret. */
export const federatedIdentityCredentials = defineResource({
  type,
  apiVersions: ['2025-01-31-preview', '2024-11-30', '2023-07-31-preview', '2023-01-31', '2022-01-31-preview'],
  location: 'none',
  name: {
    pattern: /^[A-Za-z0-9][A-Za-z0-9_-]{2,119}$/,
    rule: 'The name must start with a letter or number, contain only letters, numbers, hyphens and underscores, and be between 3 and 120 characters long.',
  },
  properties,

  async put({ tx, id, existing, body }) {
    checkTrust(body.properties)
    await checkAgainstOthers(tx, id, existing !== undefined, body.properties)
    return { body: { properties: body.properties } }
  },

  render: ({ resource: { id, body } }) => ({
    id: identityIdText(id),
    etag: undefined,
    properties: body.properties,
  }),
})

const badRequest = (message: string) => new AzureError(400, 'BadRequest', message)

function checkTrust({ issuer, subject, audiences }: Trust): void {
  if (audiences.length !== 1) throw badRequest('Federated identity credentials must have exactly one audience.')
  for (const [name, value] of Object.entries({ issuer, subject, audience: audiences[0] ?? '' })) {
    if (value.trim() === '') throw badRequest(`The ${name} of a federated identity credential must not be empty.`)
    if (value.length > longest)
      throw badRequest(`The ${name} of a federated identity credential must not be longer than ${longest} characters.`)
  }
  // What is looked up there decides who gets in, so nobody on the way may answer in its place.
  if (URL.parse(issuer)?.protocol !== 'https:') throw badRequest(`The issuer '${issuer}' is not an https URL.`)
}

async function checkAgainstOthers(
  tx: Change<Trust>['tx'],
  id: Change<Trust>['id'],
  isUpdate: boolean,
  { issuer, subject }: Trust,
): Promise<void> {
  const all = await tx.resources.list(seeOthers, { in: id.container, type }, { limit: mostOfOneIdentity + 1 })
  const others = all.filter(other => other.id.key !== id.key)
  if (others.some(({ body }) => body.properties.issuer === issuer && body.properties.subject === subject))
    throw badRequest('Issuer and subject combination already exists for this Managed Identity.')
  if (!isUpdate && others.length >= mostOfOneIdentity) {
    const identity = parseResourceId(id.container)?.name
    throw badRequest(
      `The managed identity '${identity}' has ${mostOfOneIdentity} federated identity credentials, which is the maximum.`,
    )
  }
}
