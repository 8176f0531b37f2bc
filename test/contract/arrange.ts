/** What tests need to be there before they begin, made by the administrator over HTTP. */

import assert from 'node:assert/strict'
import { randomBytes, randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import type { Answer, Lazuli } from '../start.ts'
import { claimsOf } from './curl.ts'

const location = 'westeurope'

export type Identity = { readonly id: string; readonly clientId: string; readonly principalId: string }
export type Machine = { readonly id: string; readonly name: string; readonly identity: Identities }
type Identities = {
  readonly type: string
  readonly principalId?: string
  readonly userAssignedIdentities?: Readonly<Record<string, { clientId: string; principalId: string }>>
}

/** A name that no other test uses. */
export const unique = (prefix: string) => `${prefix}-${randomBytes(4).toString('hex')}`

/** The id of a new resource group. */
export async function newGroup(lazuli: Lazuli, name = unique('group')): Promise<string> {
  const id = `${lazuli.subscription}/resourceGroups/${name}`
  await expect(201, lazuli.arm('PUT', `${id}?api-version=2021-04-01`, { body: { location } }))
  return id
}

export const identityId = (group: string, name: string) =>
  `${group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name}`

export async function newIdentity(lazuli: Lazuli, group: string, name = unique('identity')): Promise<Identity> {
  const path = `${identityId(group, name)}?api-version=2023-01-31`
  const { id, properties } = await expect(201, lazuli.arm('PUT', path, { body: { location } }))
  return { id, clientId: properties.clientId, principalId: properties.principalId }
}

/** The name of a new vault, which grants everything to the administrator's application by an access policy. */
export async function newVault(lazuli: Lazuli, group: string, name = unique('v')): Promise<string> {
  const { oid } = claimsOf(await lazuli.token())
  const { tenantId } = lazuli.env
  const all = ['all', 'purge']
  const permissions = { keys: all, secrets: all, certificates: all }
  const properties = {
    tenantId,
    sku: { family: 'A', name: 'standard' },
    accessPolicies: [{ tenantId, objectId: oid, permissions }],
  }
  const path = `${group}/providers/Microsoft.KeyVault/vaults/${name}?api-version=2023-07-01`
  await expect(201, lazuli.arm('PUT', path, { body: { location, properties } }))
  return name
}

export const machineId = (group: string, name: string) => `${group}/providers/Microsoft.Compute/virtualMachines/${name}`
export const machineVersion = 'api-version=2024-07-01'

/** Where nobody signs in to the machine, any key will do. */
const publicKey = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDQ3HR9m6Rb9kzv0tC8Sg0tU8z5b7cRk0m7sQyY1cQ2N test'

export const machineBody = (identity?: unknown, sshKey = publicKey) => ({
  location,
  ...(identity ? { identity } : {}),
  properties: {
    hardwareProfile: { vmSize: 'Standard_B1s' },
    storageProfile: {
      imageReference: { publisher: 'Debian', offer: 'debian-12', sku: '12-gen2', version: 'latest' },
    },
    osProfile: {
      computerName: 'vm',
      adminUsername: 'azureuser',
      linuxConfiguration: {
        disablePasswordAuthentication: true,
        ssh: { publicKeys: [{ path: '/home/azureuser/.ssh/authorized_keys', keyData: sshKey }] },
      },
    },
  },
})

/** A new machine that has been made, with system-assigned and user-assigned identities as wished. */
export async function newMachine(
  lazuli: Lazuli,
  group: string,
  { name = unique('vm'), identity, sshKey }: { name?: string; identity?: unknown; sshKey?: string | undefined } = {},
): Promise<Machine> {
  const id = machineId(group, name)
  await expect(201, lazuli.arm('PUT', `${id}?${machineVersion}`, { body: machineBody(identity, sshKey) }))
  return madeMachine(lazuli, id)
}

/** Waits until the work on a machine has ended, which it must with success. */
export async function madeMachine(lazuli: Lazuli, id: string): Promise<Machine> {
  for (const giveUpAt = Date.now() + 300_000; Date.now() < giveUpAt; await pause(50)) {
    const { name, identity, properties } = await expect(200, lazuli.arm('GET', `${id}?${machineVersion}`))
    const { provisioningState } = properties
    assert.notEqual(provisioningState, 'Failed')
    if (provisioningState === 'Succeeded') return { id, name, identity }
  }
  throw new Error(`${id} is not made after five minutes`)
}

/** Changes the identities of a machine as `az vm identity` does. */
export async function setIdentities(lazuli: Lazuli, machine: Pick<Machine, 'id'>, identity: unknown): Promise<Machine> {
  await expect(200, lazuli.arm('PATCH', `${machine.id}?${machineVersion}`, { body: { identity } }))
  return madeMachine(lazuli, machine.id)
}

export const userAssigned = (...identities: readonly Pick<Identity, 'id'>[]) => ({
  type: 'UserAssigned',
  userAssignedIdentities: Object.fromEntries(identities.map(({ id }) => [id, {}])),
})

export const readerRole = 'acdd72a7-3385-48ef-bd42-f606fba81ae7'

export const assignReader = (lazuli: Lazuli, scope: string, principalId: string) =>
  assignRole(lazuli, scope, principalId, readerRole)

export const secretsUserRole = '4633458b-17de-408a-b874-0445c86b69e6'

export async function assignRole(lazuli: Lazuli, scope: string, principalId: string, role: string): Promise<void> {
  const path = `${scope}/providers/Microsoft.Authorization/roleAssignments/${randomUUID()}?api-version=2022-04-01`
  const roleDefinitionId = `${lazuli.subscription}/providers/Microsoft.Authorization/roleDefinitions/${role}`
  await expect(201, lazuli.arm('PUT', path, { body: { properties: { roleDefinitionId, principalId } } }))
}

/** The body of an answer that must have this status. */
// biome-ignore lint/suspicious/noExplicitAny: what a test expects of a body it says by what it compares
export async function expect<Body = any>(status: number, answer: Promise<Answer<Body>>): Promise<Body> {
  const { status: found, body } = await answer
  assert.equal(found, status, JSON.stringify(body))
  return body
}

export const vaultVersion = 'api-version=2023-07-01'

export type VaultWithSecret = {
  readonly id: string
  readonly host: string
  /** Of the secret `MyTestSecret`, which is in it. */
  readonly version: string
  readonly created: number
}

/** A vault with a secret that has neither dates nor a type, as the portal makes one when the fields are left clear. */
export async function newVaultWithSecret(lazuli: Lazuli, group: string, properties: object): Promise<VaultWithSecret> {
  const name = unique('vault')
  const id = `${group}/providers/Microsoft.KeyVault/vaults/${name}`
  const sku = { family: 'A', name: 'standard' }
  const { tenantId } = lazuli.env
  const body = { location, properties: { tenantId, sku, ...properties } }
  await expect(201, lazuli.arm('PUT', `${id}?${vaultVersion}`, { body }))
  const secret = { properties: { value: 'p@ssw0rd!', attributes: { enabled: true } } }
  const made = await expect(201, lazuli.arm('PUT', `${id}/secrets/MyTestSecret?${vaultVersion}`, { body: secret }))
  const { attributes, secretUriWithVersion } = made.properties
  return {
    id,
    host: `${name}.vault.azure.net`,
    version: secretUriWithVersion.split('/').at(-1),
    created: attributes.created,
  }
}
