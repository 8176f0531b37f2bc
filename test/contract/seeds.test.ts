import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startLazuli } from '../start.ts'
import { assignReader, newGroup, newIdentity } from './arrange.ts'
import { shell } from './curl.ts'
import { dataLakeTutorial } from './data-lake-tutorial.ts'
import { storageTutorial } from './storage-tutorials.ts'
import { keyVaultTutorial, systemAssignedTutorial, userAssignedTutorial } from './tutorials.ts'

test('a machine’s own identity reads a resource group as the tutorial for system-assigned identities shows', async t => {
  const lazuli = await startLazuli(t)
  await systemAssignedTutorial({ lazuli, shellOf: machine => shell(lazuli, machine) })
})

test('a user-assigned identity reads a resource group as the tutorials for user-assigned identities show', async t => {
  const lazuli = await startLazuli(t)
  await userAssignedTutorial({ lazuli, shellOf: machine => shell(lazuli, machine) })
})

test('a machine’s own identity reads a secret as the tutorial for Key Vault shows', async t => {
  const lazuli = await startLazuli(t)
  await keyVaultTutorial({ lazuli, shellOf: machine => shell(lazuli, machine) })
})

test('a machine’s own identity uses a Data Lake Store as the tutorial shows', async t => {
  const lazuli = await startLazuli(t)
  await dataLakeTutorial({ lazuli, shellOf: machine => shell(lazuli, machine) })
})

test('a machine’s own identity reads a blob as the tutorial for storage shows', async t => {
  const lazuli = await startLazuli(t)
  await storageTutorial({ lazuli, shellOf: machine => shell(lazuli, machine) })
})

test('a scope with lower-case resourcegroups and a trailing blank is the same scope', async t => {
  const lazuli = await startLazuli(t)
  const group = await newGroup(lazuli, 'DevTest')
  const { principalId } = await newIdentity(lazuli, group)
  const printed = `${group.replace('/resourceGroups/', '/resourcegroups/')} `
  await assignReader(lazuli, encodeURI(printed), principalId)

  const filter = new URLSearchParams({ 'api-version': '2022-04-01', $filter: `principalId eq '${principalId}'` })
  const { body } = await lazuli.arm('GET', `${group}/providers/Microsoft.Authorization/roleAssignments?${filter}`)
  const [{ properties }, ...others] = body.value
  assert.deepEqual(others, [])
  assert.equal(properties.scope, group)
})
