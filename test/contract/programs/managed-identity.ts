import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ResourceManagementClient } from '@azure/arm-resources'
import {
  ClientAssertionCredential,
  DefaultAzureCredential,
  ManagedIdentityCredential,
  type TokenCredential,
} from '@azure/identity'
import { claimsOf, subscriptionId, tenantId, variable } from './azure.ts'

type Identity = { id: string; clientId: string; principalId: string }
const [one, two, foreign]: Identity[] = ['ONE', 'TWO', 'FOREIGN'].map(name => JSON.parse(variable(name)))
assert.ok(one && two && foreign)
const machine = variable('MACHINE')
const systemAssigned = variable('SYSTEM_ASSIGNED')
const scope = 'https://management.azure.com/.default'

async function claims(credential: TokenCredential) {
  const { oid, appid, xms_mirid, xms_az_rid } = claimsOf((await credential.getToken(scope))?.token ?? '')
  const lower = (id: unknown) => (id === undefined ? undefined : String(id).toLowerCase())
  return { oid, appid, of: lower(xms_mirid), askedBy: lower(xms_az_rid) }
}

const claimsOfUserAssigned = ({ id, clientId, principalId }: Identity) => ({
  oid: principalId,
  appid: clientId,
  of: id.toLowerCase(),
  askedBy: machine.toLowerCase(),
})

test('without a choice, the machine’s own identity is meant', async () => {
  const { oid, of } = await claims(new ManagedIdentityCredential())
  assert.deepEqual({ oid, of }, { oid: systemAssigned, of: machine.toLowerCase() })
})

test('a user-assigned identity is chosen by its client id, object id or resource id', async () => {
  assert.deepEqual(await claims(new ManagedIdentityCredential(one.clientId)), claimsOfUserAssigned(one))
  assert.deepEqual(await claims(new ManagedIdentityCredential({ clientId: two.clientId })), claimsOfUserAssigned(two))
  assert.deepEqual(
    await claims(new ManagedIdentityCredential({ objectId: one.principalId })),
    claimsOfUserAssigned(one),
  )
  assert.deepEqual(await claims(new ManagedIdentityCredential({ resourceId: two.id })), claimsOfUserAssigned(two))
})

test('an identity that the machine does not have is not found', async () => {
  for (const choice of [
    { clientId: foreign.clientId },
    { objectId: foreign.principalId },
    { resourceId: foreign.id },
    { clientId: systemAssigned },
  ]) {
    await assert.rejects(new ManagedIdentityCredential(choice).getToken(scope), /Identity not found/)
  }
})

test('the default credential finds the machine’s identity, and one that is named in the environment', async () => {
  assert.equal((await claims(new DefaultAzureCredential())).oid, systemAssigned)
  assert.deepEqual(
    await claims(new DefaultAzureCredential({ managedIdentityClientId: one.clientId })),
    claimsOfUserAssigned(one),
  )
  process.env.AZURE_CLIENT_ID = two.clientId
  try {
    assert.deepEqual(await claims(new DefaultAzureCredential()), claimsOfUserAssigned(two))
  } finally {
    process.env.AZURE_CLIENT_ID = ''
  }
})

test('a token is valid for a day, and a client knows when to renew it', async () => {
  const token = await new ManagedIdentityCredential({ clientId: one.clientId }).getToken(scope)
  const { exp, iat, nbf, aud } = claimsOf(token.token)
  assert.deepEqual(
    { lifetime: Number(exp) - Number(iat), nbf, aud },
    {
      lifetime: 86_700,
      nbf: iat,
      aud: 'https://management.azure.com',
    },
  )
  assert.equal(token.expiresOnTimestamp, Number(exp) * 1000)
  assert.ok(token.refreshAfterTimestamp && token.refreshAfterTimestamp < token.expiresOnTimestamp)
})

test('each identity opens what it may read and nothing else', async () => {
  const group = variable('GROUP')
  for (const credential of [
    new ManagedIdentityCredential(),
    new ManagedIdentityCredential({ clientId: one.clientId }),
  ]) {
    const { resourceGroups } = new ResourceManagementClient(credential, subscriptionId)
    assert.equal((await resourceGroups.get(group)).name, group)
    await assert.rejects(resourceGroups.update(group, { tags: {} }), { code: 'AuthorizationFailed', statusCode: 403 })
  }
})

test('a resource that nobody answers to gets no token', async () => {
  await assert.rejects(new ManagedIdentityCredential().getToken('https://nobody.example/.default'), /AADSTS500011/)
})

test('many programs may ask at the same time', async () => {
  const answers = await Promise.all(Array.from({ length: 20 }, () => claims(new ManagedIdentityCredential())))
  assert.deepEqual([...new Set(answers.map(({ oid }) => oid))], [systemAssigned])
})

test('the machine’s token stands for a secret where an identity trusts the machine', async () => {
  const own = new ManagedIdentityCredential()
  const assertion = async () => (await own.getToken('api://AzureADTokenExchange/.default')).token
  const credential = new ClientAssertionCredential(tenantId, foreign.clientId, assertion)
  const { oid, of } = await claims(credential)
  assert.deepEqual({ oid, of }, { oid: foreign.principalId, of: foreign.id.toLowerCase() })

  const untrusting = new ClientAssertionCredential(tenantId, one.clientId, assertion)
  await assert.rejects(untrusting.getToken(scope), /AADSTS7002\d\d: /)
})
