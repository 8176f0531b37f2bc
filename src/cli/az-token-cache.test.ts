import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { temporaryDirectory } from '../server/store/testing.ts'
import { forgetAzAccessTokens } from './az-token-cache.ts'

test('az forgets its access tokens, whoever they are for, and keeps its sign-ins', async t => {
  const directory = temporaryDirectory(t)
  const files = ['azure', 'azure-as/0123'].map(folder => {
    mkdirSync(join(directory, folder), { recursive: true })
    const file = join(directory, folder, 'msal_token_cache.json')
    writeFileSync(file, '{"AccessToken":{"a":{"secret":"s"}},"RefreshToken":{"r":{}},"Account":{"u":{}}}')
    return file
  })
  await forgetAzAccessTokens(directory)
  for (const file of files) {
    assert.deepEqual(JSON.parse(readFileSync(file, 'utf8')), { RefreshToken: { r: {} }, Account: { u: {} } })
  }
})

test('where az was never used there is nothing to forget', async t => {
  await forgetAzAccessTokens(temporaryDirectory(t))
})
