import assert from 'node:assert/strict'
import { readdir, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { temporaryDirectory } from '../store/testing.ts'
import { localExtents } from './local-files.ts'
import { allIdle, keepsExtents, now, portions } from './testing.ts'

test('files keep extents', t => keepsExtents(t, localExtents(temporaryDirectory(t))))

test('a file is idle when nothing has been written to it for long, and what is no extent is not ours', async t => {
  const folder = temporaryDirectory(t)
  const extents = localExtents(folder)
  const { id } = await extents.write(portions(Buffer.from('x')))
  extents.release(id)
  const [shard = ''] = await readdir(folder)
  await writeFile(join(folder, shard, 'notes.txt'), 'of somebody else')
  const hourAgo = new Date(Date.now() - 3_600_000)
  await utimes(join(folder, shard, id), hourAgo, hourAgo)
  assert.deepEqual(await allIdle(extents, 3_599_000), [id])
  assert.deepEqual(await allIdle(extents, 7_200_000), [])
})

test('a file that goes while the others are looked at does not stop the look', async t => {
  const folder = temporaryDirectory(t)
  const extents = localExtents(folder)
  const { id } = await extents.write(portions(Buffer.from('x')))
  extents.release(id)
  const [shard = ''] = await readdir(folder)
  // In the list of its folder, and not there when it is asked for.
  await symlink(join(folder, 'nowhere'), join(folder, shard, `${shard}${'f'.repeat(30)}`))
  assert.deepEqual(await allIdle(extents, now), [id])
})
