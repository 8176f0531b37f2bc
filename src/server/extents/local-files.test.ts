import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm, utimes } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import { ExtentMissing } from './extents.ts'
import { localExtents } from './local-files.ts'

async function newFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'lazuli-extents-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  return folder
}

async function* portions(...all: Uint8Array[]) {
  yield* all
}

test('what was written is read back, whole and in part', async t => {
  const extents = localExtents(await newFolder(t))
  const bytes = Buffer.from(Array.from({ length: 700_000 }, (_, i) => i % 251))
  const { id, length } = await extents.write(portions(bytes.subarray(0, 9), bytes.subarray(9)))
  assert.equal(length, bytes.length)
  assert.deepEqual(await buffer(extents.read(id, { from: 0, length })), bytes)
  assert.deepEqual(await buffer(extents.read(id, { from: 300_000, length: 5 })), bytes.subarray(300_000, 300_005))
})

test('a stream that fails leaves no file', async t => {
  const folder = await newFolder(t)
  const extents = localExtents(folder)
  async function* failing() {
    yield Buffer.alloc(2_000_000)
    throw new Error('the client has gone away')
  }
  await assert.rejects(extents.write(failing()), /gone away/)
  const [shard = ''] = await readdir(folder)
  assert.deepEqual(await readdir(join(folder, shard)), [])
})

test('an extent is idle when its writer has let it go and nothing has been written to it for long', async t => {
  const folder = await newFolder(t)
  const extents = localExtents(folder)
  const { id } = await extents.write(portions(Buffer.from('x')))
  const hourAgo = new Date(Date.now() - 3_600_000)
  await utimes(join(folder, id.slice(0, 2), id), hourAgo, hourAgo)
  const idle = async (ms: number) => {
    const found: string[] = []
    for await (const ids of extents.idleFor(ms)) found.push(...ids)
    return found
  }
  assert.deepEqual(await idle(0), [])
  extents.release(id)
  assert.deepEqual(await idle(3_599_000), [id])
  assert.deepEqual(await idle(7_200_000), [])
  await extents.remove(id)
  await extents.remove(id)
  assert.deepEqual(await idle(0), [])
  await assert.rejects(buffer(extents.read(id, { from: 0, length: 1 })), ExtentMissing)
})
