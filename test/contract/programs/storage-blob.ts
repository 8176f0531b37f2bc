/** Every client class of Azure's own blob library, unmodified, with each kind of credential. */

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { before, test } from 'node:test'
import { ClientSecretCredential } from '@azure/identity'
import {
  AccountSASPermissions,
  AccountSASResourceTypes,
  AccountSASServices,
  type BlobItem,
  BlobServiceClient,
  ContainerSASPermissions,
  generateAccountSASQueryParameters,
  generateBlobSASQueryParameters,
  StorageSharedKeyCredential,
} from '@azure/storage-blob'

const env = (name: string) => process.env[name] ?? ''
const account = env('STORAGE_ACCOUNT')
const url = `https://${account}.blob.core.windows.net`
const key = new StorageSharedKeyCredential(account, env('STORAGE_KEY'))
const token = new ClientSecretCredential(env('AZURE_TENANT_ID'), env('AZURE_CLIENT_ID'), env('AZURE_CLIENT_SECRET'))
const byKey = new BlobServiceClient(url, key)
const byToken = new BlobServiceClient(url, token)
const container = byToken.getContainerClient(`box-${randomBytes(4).toString('hex')}`)
const inAnHour = () => new Date(Date.now() + 3_600_000)
const code = (expected: string) => (error: unknown) => (error as { code?: string }).code === expected

before(() => container.create({ metadata: { made: 'by-token' } }))

test('the service lists containers and tells and takes its properties', async () => {
  const names: string[] = []
  for await (const one of byKey.listContainers({ includeMetadata: true })) names.push(one.name)
  assert.ok(names.includes(container.containerName))
  const cors = [
    {
      allowedOrigins: 'https://a.example',
      allowedMethods: 'GET',
      allowedHeaders: '*',
      exposedHeaders: '',
      maxAgeInSeconds: 60,
    },
  ]
  await byKey.setProperties({ cors })
  assert.deepEqual((await byKey.getProperties()).cors, cors)
  assert.equal((await byKey.getAccountInfo()).accountKind, 'StorageV2')
})

test('a container is leased, given policies and found with what it was made with', async () => {
  assert.equal(await container.exists(), true)
  assert.deepEqual((await container.getProperties()).metadata, { made: 'by-token' })
  const lease = container.getBlobLeaseClient()
  await lease.acquireLease(15)
  await assert.rejects(container.delete(), code('LeaseIdMissing'))
  await lease.releaseLease()
  const policy = { startsOn: new Date('2026-01-01'), expiresOn: inAnHour(), permissions: 'rl' }
  await container.setAccessPolicy(undefined, [{ id: 'readers', accessPolicy: policy }])
  assert.equal((await container.getAccessPolicy()).signedIdentifiers[0]?.accessPolicy.permissions, 'rl')
})

test('a block blob goes up at once and in blocks, and comes down whole and in parts', async () => {
  const blob = container.getBlockBlobClient('dir/block blob ü.bin')
  const bytes = randomBytes(9_000_000)
  await blob.uploadData(bytes, {
    blockSize: 4 * 1024 * 1024,
    maxSingleShotSize: 1024 * 1024,
    blobHTTPHeaders: { blobContentType: 'x/y' },
    metadata: { a: 'b' },
    tags: { color: 'red' },
  })
  assert.deepEqual(await blob.downloadToBuffer(), bytes)
  assert.deepEqual(await blob.downloadToBuffer(4_000_000, 1_000_000), bytes.subarray(4_000_000, 5_000_000))
  const { committedBlocks } = await blob.getBlockList('committed')
  assert.deepEqual(
    committedBlocks?.map(block => block.size),
    [4_194_304, 4_194_304, 611_392],
  )
  const properties = await blob.getProperties()
  assert.deepEqual([properties.contentType, properties.metadata, properties.tagCount], ['x/y', { a: 'b' }, 1])
  await assert.rejects(blob.upload('x', 1, { conditions: { ifNoneMatch: '*' } }), code('BlobAlreadyExists'))
  await assert.rejects(blob.upload('x', 1, { conditions: { ifMatch: '"0x0"' } }), code('ConditionNotMet'))
  const small = container.getBlockBlobClient('small')
  await small.upload('hello', 5)
  assert.equal((await small.downloadToBuffer()).toString(), 'hello')
  await small.setHTTPHeaders({ blobContentType: 'text/plain' })
  await small.setMetadata({ c: 'd' })
  await small.setAccessTier('Cool')
  assert.equal((await small.getProperties()).accessTier, 'Cool')
})

test('an append blob grows, holds its conditions and is sealed', async () => {
  const blob = container.getAppendBlobClient('log')
  await blob.create()
  await blob.appendBlock('one', 3)
  const { blobAppendOffset } = await blob.appendBlock('two', 3, { conditions: { appendPosition: 3 } })
  assert.equal(blobAppendOffset, '3')
  await assert.rejects(
    blob.appendBlock('x', 1, { conditions: { appendPosition: 3 } }),
    code('AppendPositionConditionNotMet'),
  )
  assert.equal((await blob.downloadToBuffer()).toString(), 'onetwo')
  await blob.seal()
  await assert.rejects(blob.appendBlock('x', 1), code('BlobIsSealed'))
})

test('pages are written, cleared and compared with a snapshot', async () => {
  const blob = container.getPageBlobClient('disk')
  await blob.create(4096)
  const page = (fill: string) => Buffer.alloc(512, fill)
  await blob.uploadPages(Buffer.concat([page('a'), page('b')]), 0, 1024)
  const { snapshot = '' } = await blob.createSnapshot()
  await blob.clearPages(512, 512)
  await blob.uploadPages(page('c'), 2048, 512)
  assert.deepEqual((await blob.getPageRanges()).pageRange, [
    { offset: 0, count: 511 },
    { offset: 2048, count: 511 },
  ])
  const diff = await blob.getPageRangesDiff(0, 4096, snapshot)
  assert.deepEqual([diff.pageRange, diff.clearRange], [[{ offset: 2048, count: 511 }], [{ offset: 512, count: 511 }]])
  const whole = Buffer.concat([page('a'), Buffer.alloc(1536), page('c'), Buffer.alloc(1536)])
  assert.deepEqual(await blob.downloadToBuffer(), whole)
  assert.deepEqual(await blob.withSnapshot(snapshot).downloadToBuffer(0, 1024), Buffer.concat([page('a'), page('b')]))
})

test('a blob is leased, copied, snapshotted, tagged, found and deleted', async () => {
  const blob = container.getBlockBlobClient('source')
  await blob.upload('version 1', 9, { tags: { kind: 'source' } })
  const lease = blob.getBlobLeaseClient()
  const { leaseId = '' } = await lease.acquireLease(-1)
  await assert.rejects(blob.upload('x', 1), code('LeaseIdMissing'))
  await blob.upload('version 2', 9, { conditions: { leaseId }, tags: { kind: 'source' } })
  await lease.breakLease(0)
  const { snapshot = '' } = await blob.createSnapshot()
  await blob.upload('version 3', 9, { tags: { kind: 'source' } })
  assert.equal((await blob.withSnapshot(snapshot).downloadToBuffer()).toString(), 'version 2')
  const copy = container.getBlockBlobClient('copy')
  const poller = await copy.beginCopyFromURL(blob.withSnapshot(snapshot).url)
  assert.equal((await poller.pollUntilDone()).copyStatus, 'success')
  assert.equal((await copy.downloadToBuffer()).toString(), 'version 2')
  assert.deepEqual((await blob.getTags()).tags, { kind: 'source' })
  const found: string[] = []
  const where = `@container='${container.containerName}' AND kind='source'`
  for await (const one of byKey.findBlobsByTags(where)) found.push(one.name)
  assert.deepEqual(found, ['source'])
  await assert.rejects(blob.delete(), code('SnapshotsPresent'))
  await blob.delete({ deleteSnapshots: 'include' })
  assert.equal(await blob.exists(), false)
})

test('lists come in pages, and by folder', async () => {
  const box = byKey.getContainerClient(`list-${randomBytes(4).toString('hex')}`)
  await box.create()
  const names = ['a/1', 'a/2', 'b/x/1', 'c', 'd/é']
  for (const name of names) await box.getBlockBlobClient(name).upload(name, Buffer.byteLength(name))
  const flat: string[] = []
  for await (const page of box.listBlobsFlat().byPage({ maxPageSize: 2 }))
    flat.push(page.segment.blobItems.map(item => item.name).join())
  assert.deepEqual(flat, ['a/1,a/2', 'b/x/1,c', 'd/é'])
  const folders: string[] = []
  for await (const item of box.listBlobsByHierarchy('/')) folders.push(`${item.kind} ${item.name}`)
  // On the wire they are in order; the library shows the folders of a page first.
  assert.deepEqual(folders, ['prefix a/', 'prefix b/', 'prefix d/', 'blob c'])
  await box.delete()
  assert.equal(await box.exists(), false)
})

test('a batch deletes what it may', async () => {
  const blobs = ['x', 'y'].map(name => container.getBlockBlobClient(name))
  for (const blob of blobs) await blob.upload('x', 1)
  const answer = await byKey.getBlobBatchClient().deleteBlobs(
    blobs.map(({ url }) => url),
    key,
  )
  assert.deepEqual([answer.subResponsesSucceededCount, answer.subResponsesFailedCount], [2, 0])
  const again = await byKey.getBlobBatchClient().deleteBlobs(
    blobs.map(({ url }) => url),
    key,
  )
  assert.deepEqual([again.subResponsesSucceededCount, again.subResponsesFailedCount], [0, 2])
})

test('signatures of all three kinds let in what they say, and nothing else', async () => {
  const blob = container.getBlockBlobClient('signed')
  await blob.upload('signed', 6)
  const { containerName } = container
  const service = generateBlobSASQueryParameters(
    { containerName, permissions: ContainerSASPermissions.parse('r'), expiresOn: inAnHour() },
    key,
  )
  const policy = generateBlobSASQueryParameters({ containerName, identifier: 'readers' }, key)
  const ofAccount = generateAccountSASQueryParameters(
    {
      services: AccountSASServices.parse('b').toString(),
      resourceTypes: AccountSASResourceTypes.parse('o').toString(),
      permissions: AccountSASPermissions.parse('r'),
      expiresOn: inAnHour(),
    },
    key,
  )
  const delegationKey = await byToken.getUserDelegationKey(new Date(), inAnHour())
  const delegated = generateBlobSASQueryParameters(
    {
      containerName,
      permissions: ContainerSASPermissions.parse('r'),
      startsOn: new Date(Date.now() - 1000),
      expiresOn: inAnHour(),
    },
    delegationKey,
    account,
  )
  for (const [name, sas] of Object.entries({ service, policy, ofAccount, delegated })) {
    const signed = new BlobServiceClient(`${url}?${sas}`).getContainerClient(containerName).getBlockBlobClient('signed')
    assert.equal((await signed.downloadToBuffer()).toString(), 'signed', name)
    await assert.rejects(signed.upload('x', 1), code('AuthorizationPermissionMismatch'), name)
  }
})

test('with soft delete on, what is overwritten and what is deleted comes back', async () => {
  await byKey.setProperties({ deleteRetentionPolicy: { enabled: true, days: 3 } })
  const blob = container.getBlockBlobClient('kept')
  for (const text of ['one', 'two']) await blob.upload(text, 3)
  await blob.delete()
  const kept = async () => {
    const all: BlobItem[] = []
    const wish = { prefix: blob.name, includeDeleted: true, includeSnapshots: true }
    for await (const one of container.listBlobsFlat(wish)) all.push(one)
    return all
  }
  const items = await kept()
  assert.deepEqual(
    items.map(({ deleted, snapshot, properties }) => [
      deleted,
      snapshot !== undefined,
      properties.remainingRetentionDays,
    ]),
    [
      [true, true, 2],
      [true, false, 2],
    ],
  )
  await blob.undelete()
  assert.equal((await blob.downloadToBuffer()).toString(), 'two')
  const { snapshot = '' } = items[0] ?? {}
  await (await blob.beginCopyFromURL(blob.withSnapshot(snapshot).url)).pollUntilDone()
  assert.equal((await blob.downloadToBuffer()).toString(), 'one')
  assert.deepEqual(
    (await kept()).map(({ deleted }) => deleted),
    [undefined, true, undefined],
  )
  await byKey.setProperties({ deleteRetentionPolicy: { enabled: false } })
})
