import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { CreateBucketCommand, ListObjectsV2Command } from '@aws-sdk/client-s3'
import { startLazuli } from '../start.ts'
import { startSwift, swiftCredentials, swiftMissing } from '../swift.ts'
import { assignRole, newGroup } from './arrange.ts'
import { claimsOf } from './curl.ts'
import { blobRoles, newAccount } from './storage.ts'
import { runTests, throughTheProxy } from './ways.ts'

test('a server with a bucket has its blobs there, and not in its data directory', { skip: swiftMissing }, async t => {
  const folder = await mkdtemp(join(tmpdir(), 'lazuli-objects-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const { endpoint, client } = await startSwift(t, join(folder, 'swift'))
  const Bucket = 'lazuli-content'
  await client.send(new CreateBucketCommand({ Bucket }))

  const config = join(folder, 'lazuli.json')
  await writeFile(config, JSON.stringify({ objectStore: { endpoint, bucket: Bucket } }))
  const lazuli = await startLazuli(t, { args: ['--config', config], env: swiftCredentials })
  const account = await newAccount(lazuli, await newGroup(lazuli))
  await assignRole(lazuli, account.id, String(claimsOf(await lazuli.token()).oid), blobRoles.owner)
  const [key = ''] = await account.keys()
  await runTests(t, lazuli, 'storage-blob', throughTheProxy(), { STORAGE_ACCOUNT: account.name, STORAGE_KEY: key })
  const { KeyCount = 0 } = await client.send(new ListObjectsV2Command({ Bucket, Prefix: `${lazuli.env.tenantId}/` }))
  assert.ok(KeyCount > 0)
  assert.ok(!(await readdir(lazuli.directory)).includes('extents'))

  await lazuli.kill('SIGTERM')
  const elsewhere = await lazuli.command(['up', '--machines', 'none', '--port', '0'])
  assert.equal(elsewhere.exitCode, 1)
  assert.match(elsewhere.stderr, /in the bucket lazuli-content; the configuration says the data directory/)
})
