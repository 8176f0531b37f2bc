import assert from 'node:assert/strict'
import { buffer } from 'node:stream/consumers'
import type { TestContext } from 'node:test'
import { ExtentMissing, type Extents } from './extents.ts'

export async function* portions(...all: Uint8Array[]) {
  yield* all
}

export async function allIdle(extents: Extents, ms: number): Promise<string[]> {
  const found: string[] = []
  for await (const ids of extents.idleFor(ms)) found.push(...ids)
  return found
}

/** For `idleFor`. An object store may round the time up to the next second. */
export const now = -2_000

/** What every store of extents does. It is to be empty. */
export async function keepsExtents(t: TestContext, extents: Extents): Promise<void> {
  await t.test('what was written is read back, whole and in part', async () => {
    const bytes = Buffer.from(Array.from({ length: 6_700_000 }, (_, i) => i % 251))
    const { id, length } = await extents.write(portions(bytes.subarray(0, 9), bytes.subarray(9)))
    assert.equal(length, bytes.length)
    assert.ok(bytes.equals(await buffer(extents.read(id, { from: 0, length }))))
    assert.deepEqual(
      await buffer(extents.read(id, { from: 5_300_000, length: 5 })),
      bytes.subarray(5_300_000, 5_300_005),
    )
    assert.deepEqual(await buffer(extents.read(id, { from: 7, length: 0 })), Buffer.alloc(0))
    await assert.rejects(buffer(extents.read(id, { from: length - 1, length: 2 })), ExtentMissing)
    await assert.rejects(buffer(extents.read(id, { from: length, length: 1 })), ExtentMissing)
    await extents.remove(id)
  })

  await t.test('an empty stream is an extent, too', async () => {
    const { id, length } = await extents.write(portions())
    assert.equal(length, 0)
    extents.release(id)
    await extents.remove(id)
  })

  for (const size of [2_000, 6_000_000]) {
    await t.test(`a stream that fails after ${size} bytes leaves nothing`, async () => {
      async function* failing() {
        yield Buffer.alloc(size)
        throw new Error('the client has gone away')
      }
      await assert.rejects(extents.write(failing()), /gone away/)
      assert.deepEqual(await allIdle(extents, now), [])
    })
  }

  await t.test('an extent is idle when its writer has let it go, and is gone when it is removed', async () => {
    const { id } = await extents.write(portions(Buffer.from('x')))
    assert.deepEqual(await allIdle(extents, now), [])
    extents.release(id)
    assert.deepEqual(await allIdle(extents, now), [id])
    assert.deepEqual(await allIdle(extents, 3_600_000), [])
    await extents.remove(id)
    await extents.remove(id)
    assert.deepEqual(await allIdle(extents, now), [])
    await assert.rejects(buffer(extents.read(id, { from: 0, length: 1 })), ExtentMissing)
  })
}
