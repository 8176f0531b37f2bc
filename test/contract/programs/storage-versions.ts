/** Versions of blobs with Azure's own blob library, in an account that keeps them. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  BlobBatchClient,
  BlobClient,
  type BlobItem,
  BlobSASPermissions,
  BlobServiceClient,
  generateBlobSASQueryParameters,
  StorageSharedKeyCredential,
} from '@azure/storage-blob'

const env = (name: string) => process.env[name] ?? ''
const inAnHour = () => new Date(Date.now() + 3_600_000)
const code = (expected: string) => (error: unknown) => (error as { code?: string }).code === expected

test('versions are listed, read, promoted and deleted', async () => {
  const account = env('STORAGE_ACCOUNT')
  const credential = new StorageSharedKeyCredential(account, env('STORAGE_KEY'))
  const box = new BlobServiceClient(`https://${account}.blob.core.windows.net`, credential).getContainerClient('box')
  await box.create()
  const blob = box.getBlockBlobClient('dir/kept')
  const first = await blob.upload('one', 3)
  const second = await blob.setMetadata({ a: 'b' })
  const third = await blob.upload('three', 5)
  const listed = async () => {
    const all: BlobItem[] = []
    for await (const one of box.listBlobsFlat({ includeVersions: true })) all.push(one)
    return all.map(({ versionId, isCurrentVersion }) => [versionId, isCurrentVersion])
  }
  assert.deepEqual(await listed(), [
    [first.versionId, undefined],
    [second.versionId, undefined],
    [third.versionId, true],
  ])
  const old = blob.withVersion(first.versionId ?? '')
  assert.equal((await old.downloadToBuffer()).toString(), 'one')
  const [ofOld, ofCurrent] = [await old.getProperties(), await blob.getProperties()]
  assert.deepEqual([ofOld.versionId, ofOld.isCurrentVersion], [first.versionId, undefined])
  assert.deepEqual([ofCurrent.versionId, ofCurrent.isCurrentVersion], [third.versionId, true])
  await assert.rejects(blob.withVersion(third.versionId ?? '').delete(), code('OperationNotAllowedOnRootBlob'))
  await assert.rejects(
    old.withSnapshot('2026-01-01T00:00:00.0000000Z').download(),
    code('MutuallyExclusiveQueryParameters'),
  )
  await old.setAccessTier('Cool')
  assert.equal((await old.getProperties()).accessTier, 'Cool')

  await blob.delete()
  assert.equal(await blob.exists(), false)
  const gone: (boolean | undefined)[] = []
  for await (const one of box.listBlobsFlat({ includeDeletedWithVersions: true })) gone.push(one.hasVersionsOnly)
  assert.deepEqual(gone, [true])
  const copied = await (await blob.beginCopyFromURL(old.url)).pollUntilDone()
  assert.equal((await blob.downloadToBuffer()).toString(), 'one')
  assert.equal((await listed()).at(-1)?.[0], copied.versionId)
  const { snapshot, versionId } = await blob.createSnapshot()
  assert.ok(snapshot !== undefined && versionId !== undefined)
  await assert.rejects(blob.delete(), code('SnapshotsPresent'))

  const sas = generateBlobSASQueryParameters(
    {
      ...{ containerName: 'box', blobName: blob.name, versionId: first.versionId ?? '', expiresOn: inAnHour() },
      permissions: BlobSASPermissions.parse('rx'),
    },
    credential,
  )
  const signed = new BlobClient(`${old.url}&${sas}`)
  assert.equal((await signed.downloadToBuffer()).toString(), 'one')
  await assert.rejects(new BlobClient(`${blob.url}?${sas}`).download(), code('AuthenticationFailed'))
  await signed.delete()
  assert.equal(await old.exists(), false)
  const batch = await new BlobBatchClient(box.url, credential).deleteBlobs([blob.withVersion(second.versionId ?? '')])
  assert.equal(batch.subResponsesSucceededCount, 1)
})
