import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ResourceManagementClient } from '@azure/arm-resources'
import { AzureCliCredential } from '@azure/identity'
import { all, claimsOf, clientOptions, resourceManager, subscriptionId, unique, variable } from './azure.ts'

const scope = `${resourceManager}/.default`
const credential = new AzureCliCredential()

test('the token is the one that az has', async () => {
  const { token, expiresOnTimestamp } = await credential.getToken(scope)
  const { appid, aud, exp } = claimsOf(token)
  assert.deepEqual({ appid, aud }, { appid: variable('AZURE_CLIENT_ID'), aud: variable('AUDIENCE') })
  // az counts from when it asked, to the second.
  assert.ok(Math.abs(expiresOnTimestamp - Number(exp) * 1000) < 60_000)
})

test('it opens what the one who is signed in may open', async () => {
  const { resourceGroups } = new ResourceManagementClient(credential, subscriptionId, clientOptions)
  const name = unique('by-az')
  await resourceGroups.createOrUpdate(name, { location: 'westeurope' })
  assert.ok((await all(resourceGroups.list())).some(group => group.name === name))
})
