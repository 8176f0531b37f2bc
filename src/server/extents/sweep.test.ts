import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm, utimes } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { openLazuli } from '../testing/open-lazuli.ts'
import { localExtents } from './local-files.ts'
import { sweepExtents } from './sweep.ts'
import { portions } from './testing.ts'

test('what a process left that died is removed by ones that do not live for as long as the grace', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'lazuli-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const extentsAt = join(folder, 'extents')
  const { id } = await localExtents(extentsAt).write(portions(Buffer.from('left behind')))
  const longAgo = new Date(Date.now() - 3_600_000)
  await utimes(join(extentsAt, id.slice(0, 2), id), longAgo, longAgo)

  // Each of them sweeps once, at its start.
  const graceMs = 200
  const life = async () => {
    const lazuli = await openLazuli(t, { folder })
    const removed = await sweepExtents(lazuli.parts, graceMs)
    await lazuli.close()
    return removed
  }
  assert.equal(await life(), 0, 'somebody may be reading it')
  const end = Date.now() + graceMs
  let removed = 0
  for (let i = 0; i < 100 && removed === 0; i++) {
    removed = await life()
    assert.ok(removed === 0 || Date.now() >= end)
  }
  assert.equal(removed, 1)
  const files = (await readdir(extentsAt, { recursive: true, withFileTypes: true })).filter(one => one.isFile())
  assert.deepEqual(files, [])
})
