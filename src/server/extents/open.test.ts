import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { openLazuli } from '../testing/open-lazuli.ts'
import { localExtents } from './local-files.ts'
import { openExtents } from './open.ts'
import { portions } from './testing.ts'

test('content in the data directory is not left behind for a bucket', async t => {
  const lazuli = await openLazuli(t)
  const { config, store } = lazuli.parts
  const objectStore = { bucket: 'content', endpoint: 'http://127.0.0.1:1' }
  await localExtents(join(config.directory, 'extents')).write(portions(Buffer.from('x')))
  await assert.rejects(
    openExtents({ config: { ...config, objectStore }, store, tenantId: 'ours' }),
    /in the data directory; the configuration says the bucket content/,
  )
  await openExtents({ config, store, tenantId: 'ours' })
})
