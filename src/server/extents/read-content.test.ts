import assert from 'node:assert/strict'
import { buffer } from 'node:stream/consumers'
import { test } from 'node:test'
import { systemGrant } from '../access/grant.ts'
import type { Piece } from '../store/contents.ts'
import { openLazuli } from '../testing/open-lazuli.ts'
import { ContentReplaced, readContent } from './read-content.ts'
import { portions } from './testing.ts'

const trying = systemGrant('try how contents are read')

test('of a content with many small pieces only a few are in memory, and it breaks off when it is removed', async t => {
  const { parts, store } = await openLazuli(t)
  const count = 5_000
  const bytesAt = (i: number) => Buffer.from(`${i}`.padStart(8, '0'))
  const pieces = Array.from({ length: count }, (_, i): Piece => ({ at: i * 8, length: 8, bytes: bytesAt(i) }))
  await store.write(tx => tx.contents.add(trying, 'many', pieces))
  const asked: number[] = []
  const counted = {
    ...store.contents,
    async pieces(...wish: Parameters<typeof store.contents.pieces>) {
      const found = await store.contents.pieces(...wish)
      asked.push(found.length)
      return found
    },
  }
  const seen = { extents: parts.extents, store: { contents: counted } }
  const range = { from: 12, length: count * 8 - 20 }
  const wanted = { content: 'many', range, sparse: false }
  const all = await buffer(await readContent(seen, trying, wanted))
  assert.deepEqual(all, Buffer.concat(pieces.map((_, i) => bytesAt(i))).subarray(12, 12 + range.length))
  assert.equal(Math.max(...asked), 64)

  const reading = (await readContent(parts, trying, wanted))[Symbol.asyncIterator]()
  await reading.next()
  await store.write(tx => tx.contents.remove(trying, 'many'))
  await assert.rejects(async () => {
    while (!(await reading.next()).done);
  }, ContentReplaced)
  await assert.rejects(readContent(parts, trying, wanted), ContentReplaced)
})

test('where a sparse content has no piece there are zeroes, and of what is written meanwhile each page is old or new', async t => {
  const { parts, store } = await openLazuli(t)
  const { id } = await parts.extents.write(portions(Buffer.alloc(30_000, 'e')))
  const small = (at: number, text: string): Piece => ({ at, length: 512, bytes: Buffer.alloc(512, text) })
  await store.write(tx =>
    tx.contents.add(trying, 'pages', [
      small(512, 'a'),
      { at: 2048, length: 1024, extent: id, extentAt: 512 },
      small(4096, 'b'),
    ]),
  )
  const wanted = { content: 'pages', range: { from: 256, length: 4864 }, sparse: true }
  const expected = [
    Buffer.alloc(256),
    Buffer.alloc(512, 'a'),
    Buffer.alloc(1024),
    Buffer.alloc(1024, 'e'),
    Buffer.alloc(1024),
    Buffer.alloc(512, 'b'),
    Buffer.alloc(512),
  ]
  assert.deepEqual(await buffer(await readContent(parts, trying, wanted)), Buffer.concat(expected))
  assert.deepEqual(
    await buffer(await readContent(parts, trying, { ...wanted, content: 'none' })),
    Buffer.alloc(wanted.range.length),
  )

  const old = Array.from({ length: 200 }, (_, i) => small(i * 512, 'o'))
  await store.write(tx => tx.contents.add(trying, 'busy', old))
  const busy = { content: 'busy', range: { from: 0, length: 200 * 512 }, sparse: true }
  const reading = (await readContent(parts, trying, busy))[Symbol.asyncIterator]()
  const first = await reading.next()
  await store.write(async tx => {
    await tx.contents.cut(trying, 'busy', { from: 150 * 512, length: 1024 })
    await tx.contents.add(trying, 'busy', [{ at: 150 * 512, length: 1024, bytes: Buffer.alloc(1024, 'n') }])
  })
  const rest = await buffer({ [Symbol.asyncIterator]: () => reading })
  const text = Buffer.concat([first.value ?? Buffer.alloc(0), rest]).toString()
  assert.equal(text, 'o'.repeat(150 * 512) + 'n'.repeat(1024) + 'o'.repeat(48 * 512))
})
