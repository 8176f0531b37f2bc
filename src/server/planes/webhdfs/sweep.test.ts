import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sweepExtents } from '../../extents/sweep.ts'
import { openLake } from './testing-lake.ts'

test('bytes of what is deleted, replaced or joined do not stay, and those of what is there do', async t => {
  const { admin, lazuli, tree } = await openLake(t)
  const large = 'x'.repeat(20_000)
  for (const path of ['/a', '/b', '/c', '/d/e', '/f']) {
    await admin.call('PUT', path, 'CREATE', { query: 'write=true', body: large + path })
  }
  await admin.call('PUT', '/a', 'CREATE', { query: 'write=true&overwrite=true', body: 'small' })
  await admin.call('POST', '/a', 'MSCONCAT', { body: '{"sources":["/b"]}' })
  await admin.call('DELETE', '/d', 'DELETE', { query: 'recursive=true' })
  await admin.call('PUT', '/f', 'RENAME', { query: 'destination=/c&renameoptions=OVERWRITE' })
  const refused = { query: 'write=true', body: large }
  assert.equal((await admin.call('PUT', '/c', 'CREATE', refused)).status, 403)

  assert.equal(await sweepExtents(lazuli.parts, 0), 3, 'those of a, of d/e, and of the old c')
  assert.equal(await sweepExtents(lazuli.parts, 0), 0)
  assert.deepEqual(await tree(), { '/a': `small${large}/b`, '/c': `${large}/f` })
})
