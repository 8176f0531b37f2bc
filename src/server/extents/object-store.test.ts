import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import {
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  ListMultipartUploadsCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { startSwift, swiftCredentials, swiftMissing } from '../../../test/swift.ts'
import { temporaryDirectory } from '../store/testing.ts'
import { objectStoreExtents } from './object-store.ts'
import { allIdle, keepsExtents, now } from './testing.ts'

test('a bucket keeps extents', { skip: swiftMissing }, async t => {
  const endpoint = await startSwift(t, join(temporaryDirectory(t), 'swift'))
  const Bucket = 'lazuli-content'
  Object.assign(process.env, swiftCredentials)
  const client = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true })
  t.after(() => client.destroy())
  const open = (prefix: string) => objectStoreExtents({ endpoint, bucket: Bucket }, prefix)

  await assert.rejects(open('one'), /bucket lazuli-content at http.* cannot be used: it answers 404/)
  await client.send(new CreateBucketCommand({ Bucket }))
  const extents = await open('one')
  await keepsExtents(t, extents)

  await t.test('what another installation has in the same bucket is never idle', async () => {
    const other = await open('other')
    const { id } = await other.write(
      (async function* () {
        yield Buffer.from('x')
      })(),
    )
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
