import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openStorage } from '../testing.ts'

const pages = (from: number, count: number) => `bytes=${from * 512}-${(from + count) * 512 - 1}`

test('what has been written is told in pages, and what has changed since a snapshot', async t => {
  const { send } = await openStorage(t)
  await send('PUT', '/ctr?restype=container')
  const made = { 'x-ms-blob-type': 'PageBlob', 'x-ms-blob-content-length': String(1024 * 512) }
  await send('PUT', '/ctr/disk', { headers: made })
  const put = async (from: number, count: number, text: string) => {
    const headers = { 'x-ms-page-write': 'update', 'x-ms-range': pages(from, count) }
    assert.equal((await send('PUT', '/ctr/disk?comp=page', { headers, body: text.repeat(count * 512) })).status, 201)
  }
  const clear = (from: number, count: number) =>
    send('PUT', '/ctr/disk?comp=page', { headers: { 'x-ms-page-write': 'clear', 'x-ms-range': pages(from, count) } })
  const list = async (query = '', headers: Record<string, string> = {}) => {
    const { status, text } = await send('GET', `/ctr/disk?comp=pagelist${query}`, { headers })
    if (status !== 200) return { status, code: /<Code>(\w+)/.exec(text)?.[1] }
    const ranges = [...text.matchAll(/<(Page|Clear)Range><Start>(\d+)<\/Start><End>(\d+)</g)].map(
      ([, kind, from, to]) => [kind, Number(from) / 512, (Number(to) + 1) / 512],
    )
    return { ranges, next: /<NextMarker>(.*)<\/NextMarker>/.exec(text)?.[1] }
  }

  for (let i = 0; i < 80; i++) await put(i * 3, 1, 'a')
  await put(700, 100, 'e')
  await clear(90, 30)
  await clear(720, 10)
  const written = (from: number, to: number) =>
    Array.from({ length: (to - from) / 3 }, (_, i) => ['Page', from + i * 3, from + i * 3 + 1])
  const first = [...written(0, 90), ...written(120, 240), ['Page', 700, 720], ['Page', 730, 800]]
  assert.deepEqual(await list(), { ranges: first, next: undefined })
  const parts = [await list('&maxresults=40')]
  for (let i = 0; i < 5 && parts.at(-1)?.next; i++)
    parts.push(await list(`&maxresults=40&marker=${encodeURIComponent(parts.at(-1)?.next ?? '')}`))
  assert.deepEqual(
    parts.map(({ ranges = [] }) => ranges.length),
    [40, 32],
  )
  assert.deepEqual(
    parts.flatMap(({ ranges = [] }) => ranges),
    first,
  )

  const time = (await send('PUT', '/ctr/disk?comp=snapshot')).headers.get('x-ms-snapshot') ?? ''
  await put(3, 1, 'b')
  await put(6, 1, 'a')
  await clear(9, 1)
  await put(900, 2, 'c')
  await put(750, 1, 'd')
  const since = [
    ['Page', 3, 4],
    ['Clear', 9, 10],
    ['Page', 750, 751],
    ['Page', 900, 902],
  ]
  const previous = `&prevsnapshot=${time}`
  assert.deepEqual(await list(previous), { ranges: since, next: undefined })
  const url = `https://acct1.blob.core.windows.net/ctr/disk?snapshot=${time}`
  assert.deepEqual((await list('', { 'x-ms-previous-snapshot-url': url })).ranges, since)
  const half = await list(`${previous}&maxresults=2`)
  assert.deepEqual(half.ranges, since.slice(0, 2))
  assert.deepEqual((await list(`${previous}&marker=${encodeURIComponent(half.next ?? '')}`)).ranges, since.slice(2))
  assert.deepEqual((await list(previous, { 'x-ms-range': pages(600, 200) })).ranges, since.slice(2, 3))

  assert.deepEqual(await list('&prevsnapshot=junk'), { status: 400, code: 'InvalidQueryParameterValue' })
  const absent = '&prevsnapshot=2020-01-01T00:00:00.0000000Z'
  assert.deepEqual(await list(absent), { status: 409, code: 'PreviousSnapshotNotFound' })
  assert.deepEqual(await list('&maxresults=0'), { status: 400, code: 'OutOfRangeQueryParameterValue' })
  const other = { 'x-ms-previous-snapshot-url': url.replace('disk', 'other') }
  assert.deepEqual(await list('', other), { status: 400, code: 'InvalidHeaderValue' })
})
