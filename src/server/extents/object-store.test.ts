import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { CreateBucketCommand, CreateMultipartUploadCommand, ListMultipartUploadsCommand } from '@aws-sdk/client-s3'
import { startSwift, swiftMissing } from '../../../test/swift.ts'
import { temporaryDirectory } from '../store/testing.ts'
import { objectStoreExtents } from './object-store.ts'
import { allIdle, keepsExtents, now, portions } from './testing.ts'

test('a bucket keeps extents', { skip: swiftMissing }, async t => {
  const { endpoint, client } = await startSwift(t, join(temporaryDirectory(t), 'swift'))
  const Bucket = 'lazuli-content'
  const open = (prefix: string) => objectStoreExtents({ endpoint, bucket: Bucket }, prefix)

  await assert.rejects(open('one'), /bucket lazuli-content at http.* cannot be used: it answers 404/)
  await client.send(new CreateBucketCommand({ Bucket }))
  const extents = await open('one')
  await keepsExtents(t, extents)

  await t.test('what another installation has in the same bucket is never idle', async () => {
    const other = await open('other')
    const { id } = await other.write(portions(Buffer.from('x')))
    other.release(id)
    assert.deepEqual(await allIdle(extents, now), [])
    assert.deepEqual(await allIdle(other, now), [id])
  })

  await t.test('an upload that was never finished is idle after a while', async () => {
    const id = 'f'.repeat(32)
    await client.send(new CreateMultipartUploadCommand({ Bucket, Key: `one/${id}` }))
    assert.deepEqual(await allIdle(extents, 3_600_000), [])
    assert.deepEqual(await allIdle(extents, now), [id])
    await extents.remove(id)
    const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket }))
    assert.deepEqual(Uploads, [])
  })
})
