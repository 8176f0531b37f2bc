import { test } from 'node:test'
import { startLazuli } from '../start.ts'
import { assignRole, newGroup } from './arrange.ts'
import { claimsOf } from './curl.ts'
import { blobRoles, keepVersions, newAccount } from './storage.ts'
import { runTests, throughTheProxy } from './ways.ts'

test('storage-blob by SDK', async t => {
  const lazuli = await startLazuli(t)
  const group = await newGroup(lazuli)
  const account = await newAccount(lazuli, group)
  await assignRole(lazuli, account.id, String(claimsOf(await lazuli.token()).oid), blobRoles.owner)
  const [key = ''] = await account.keys()
  await runTests(t, lazuli, 'storage-blob', throughTheProxy(), { STORAGE_ACCOUNT: account.name, STORAGE_KEY: key })
  const versioned = await newAccount(lazuli, group)
  await keepVersions(lazuli, versioned)
  const [its = ''] = await versioned.keys()
  await runTests(t, lazuli, 'storage-versions', throughTheProxy(), {
    STORAGE_ACCOUNT: versioned.name,
    STORAGE_KEY: its,
  })
})
