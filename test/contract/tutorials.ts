/**
 * The tutorials, letter for letter: these commands are what people copy, so their quoting, their spelling and even what
 * is odd about them must work. Only the words in angle brackets are replaced.
 */

import assert from 'node:assert/strict'
import type { Lazuli } from '../start.ts'
import {
  assignReader,
  assignRole,
  expect,
  newGroup,
  newIdentity,
  newMachine,
  newVaultWithSecret,
  secretsUserRole,
  userAssigned,
  type VaultWithSecret,
  vaultVersion,
} from './arrange.ts'
import { claimsOf, type Shell } from './curl.ts'

/** Where the commands are typed: in a shell that acts as the machine, or in the machine itself. */
type Typed = { readonly lazuli: Lazuli; readonly sshKey?: string; shellOf(machine: string): Shell }

const token = {
  raw: `curl 'http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https://management.azure.com/' -H Metadata:true`,
  encoded: `curl 'http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fmanagement.azure.com%2F' -H Metadata:true`,
  userAssigned: `curl -H Metadata:true "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fmanagement.azure.com/&client_id=<UAMI CLIENT ID>"`,
}

const group = {
  systemAssigned: `curl https://management.azure.com/subscriptions/<SUBSCRIPTION-ID>/resourceGroups/<RESOURCE-GROUP>?api-version=2016-09-01 -H "Authorization: Bearer <ACCESS-TOKEN>"`,
  userAssigned: `curl https://management.azure.com/subscriptions/<SUBSCRIPTION ID>/resourceGroups/<RESOURCE GROUP>?api-version=2016-09-01 -H "Authorization: Bearer <ACCESS TOKEN>"`,
}

/** What the tutorials print of a token, and what today's clients need besides. */
function assertTokenAnswer(text: string): string {
  const answer: Record<string, string> = JSON.parse(text)
  const { access_token = '', client_id = '', expires_on, not_before, ...rest } = answer
  assert.deepEqual(rest, {
    refresh_token: '',
    expires_in: rest.expires_in,
    ext_expires_in: rest.expires_in,
    resource: 'https://management.azure.com/',
    token_type: 'Bearer',
  })
  assert.match(rest.expires_in ?? '', /^\d+$/)
  const { aud, exp, nbf, appid } = claimsOf(access_token)
  assert.deepEqual(
    { aud, exp: String(exp), nbf: String(nbf), appid },
    { aud: 'https://management.azure.com/', exp: expires_on, nbf: not_before, appid: client_id },
  )
  return access_token
}

function assertDenied(text: string, { objectId, scope }: { objectId: string; scope: string }): void {
  const { error } = JSON.parse(text)
  assert.equal(error.code, 'AuthorizationFailed')
  assert.match(
    error.message,
    new RegExp(
      `^The client '[0-9a-f-]{36}' with object id '${objectId}' does not have authorization to perform action 'Microsoft.Resources/subscriptions/resourceGroups/read' over scope '${scope}' or the scope is invalid. If access was recently granted, please refresh your credentials.$`,
    ),
  )
}

/** "Use a Linux VM system-assigned managed identity to access a resource group in resource manager" */
export async function systemAssignedTutorial({ lazuli, sshKey, shellOf }: Typed): Promise<void> {
  const scope = await newGroup(lazuli, 'DevTest')
  const machine = await newMachine(lazuli, scope, { identity: { type: 'SystemAssigned' }, sshKey })
  const objectId = machine.identity.principalId ?? ''
  const run = shellOf(machine.name)

  const words = {
    'SUBSCRIPTION-ID': lazuli.env.subscriptionId,
    'RESOURCE-GROUP': 'DevTest',
    'ACCESS-TOKEN': assertTokenAnswer(await run(token.raw)),
  }
  assertDenied(await run(group.systemAssigned, words), { objectId, scope })

  await assignReader(lazuli, scope, objectId)

  assert.equal(
    await run(group.systemAssigned, words),
    `{"id":"${scope}","name":"DevTest","location":"westeurope","properties":{"provisioningState":"Succeeded"}}`,
  )
  const again = { ...words, 'ACCESS-TOKEN': assertTokenAnswer(await run(token.encoded)) }
  assert.equal(JSON.parse(await run(group.systemAssigned, again)).name, 'DevTest')
}

/** "Use a Linux VM user-assigned managed identity to access a resource group in Resource Manager" */
export async function userAssignedTutorial({ lazuli, sshKey, shellOf }: Typed): Promise<void> {
  const scope = await newGroup(lazuli, 'DevTest')
  const identity = await newIdentity(lazuli, scope)
  const other = await newIdentity(lazuli, scope)
  const { name } = await newMachine(lazuli, scope, { identity: userAssigned(identity, other), sshKey })
  const run = shellOf(name)

  const words = {
    'SUBSCRIPTION ID': lazuli.env.subscriptionId,
    'RESOURCE GROUP': 'DevTest',
    'UAMI CLIENT ID': identity.clientId,
  }
  const accessToken = assertTokenAnswer(await run(token.userAssigned, words))
  assert.equal(claimsOf(accessToken).oid, identity.principalId)
  const withToken = { ...words, 'ACCESS TOKEN': accessToken }
  assertDenied(await run(group.userAssigned, withToken), { objectId: identity.principalId, scope })

  await assignReader(lazuli, scope, identity.principalId)

  assert.deepEqual(JSON.parse(await run(group.userAssigned, withToken)), {
    id: scope,
    name: 'DevTest',
    location: 'westeurope',
    properties: { provisioningState: 'Succeeded' },
  })
}

const vaultToken = `curl 'http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fvault.azure.net' -H Metadata:true`
const secret = `curl 'https://<YOUR-KEY-VAULT-URL>/secrets/<secret-name>?api-version=2016-10-01' -H "Authorization: Bearer <ACCESS TOKEN>"`

/** What the portal fills in for the template "Secret Management". */
const secretManagement = { secrets: ['get', 'list', 'set', 'delete', 'recover', 'backup', 'restore'] }

/** "Use a Linux VM system-assigned managed identity to access Azure Key Vault" */
export async function keyVaultTutorial({ lazuli, sshKey, shellOf }: Typed): Promise<void> {
  const group = await newGroup(lazuli, 'mi-test')
  const machine = await newMachine(lazuli, group, { identity: { type: 'SystemAssigned' }, sshKey })
  const objectId = machine.identity.principalId ?? ''
  const run = shellOf(machine.name)
  const { access_token: accessToken, resource } = JSON.parse(await run(vaultToken))
  assert.equal(resource, 'https://vault.azure.net')
  assert.equal(claimsOf(accessToken).aud, 'https://vault.azure.net')
  const read = async (vault: VaultWithSecret) => {
    const words = { 'YOUR-KEY-VAULT-URL': vault.host, 'secret-name': 'MyTestSecret', 'ACCESS TOKEN': accessToken }
    return JSON.parse(await run(secret, words))
  }
  const shown = ({ host, version, created }: VaultWithSecret) => ({
    value: 'p@ssw0rd!',
    id: `https://${host}/secrets/MyTestSecret/${version}`,
    attributes: { enabled: true, created, updated: created, recoveryLevel: 'Purgeable' },
  })

  const byPolicy = await newVaultWithSecret(lazuli, group, { accessPolicies: [] })
  const refused = (await read(byPolicy)).error
  assert.deepEqual([refused.code, refused.innererror.code], ['Forbidden', 'ForbiddenByPolicy'])
  assert.match(refused.message, new RegExp(`oid=${objectId};.* does not have secrets get permission on key vault`))
  const accessPolicies = [{ tenantId: lazuli.env.tenantId, objectId, permissions: secretManagement }]
  await expect(
    200,
    lazuli.arm('PUT', `${byPolicy.id}/accessPolicies/add?${vaultVersion}`, {
      body: { properties: { accessPolicies } },
    }),
  )
  assert.deepEqual(await read(byPolicy), shown(byPolicy))

  const byRole = await newVaultWithSecret(lazuli, group, { enableRbacAuthorization: true })
  const unassigned = (await read(byRole)).error
  assert.deepEqual([unassigned.code, unassigned.innererror.code], ['Forbidden', 'ForbiddenByRbac'])
  await assignRole(lazuli, byRole.id, objectId, secretsUserRole)
  assert.deepEqual(await read(byRole), shown(byRole))
}
