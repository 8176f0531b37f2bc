import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { parseStatus, readStatus } from './status-file.ts'

const file = (status: object) =>
  JSON.stringify([{ version: '1.0', timestampUTC: '2026-01-02T03:04:05Z', status }, { status: 'ignored' }])
const words = (message: string) => ({ lang: 'en-US', message })

test('the first entry counts, with its code as it is written', () => {
  const status = {
    name: 'x',
    operation: 'Enable',
    status: 'success',
    code: '0',
    formattedMessage: words('Enable succeeded.'),
  }
  assert.deepEqual(parseStatus(file(status)), { timestampUTC: '2026-01-02T03:04:05Z', status })
})

test('a word that nobody knows is an error, and in a substatus makes the file worthless', () => {
  assert.equal(parseStatus(file({ status: 'fine', code: 0, formattedMessage: words('') })).status.status, 'error')
  const substatus = [{ name: 'a', status: 'fine', code: 0, formattedMessage: words('') }]
  assert.throws(
    () => parseStatus(file({ status: 'success', code: 0, formattedMessage: words(''), substatus })),
    /'fine' is no status/,
  )
})

for (const [what, text] of [
  ['an object', '{"status":{}}'],
  ['an empty list', '[]'],
  ['no status', '[{"version":"1.0"}]'],
  ['no word', file({ code: 0, formattedMessage: words('') })],
  ['a message without a language', file({ status: 'success', code: 0, formattedMessage: { message: 'x' } })],
  ['a list in place of a message', file({ status: 'success', code: 0, formattedMessage: [] })],
] as const) {
  test(`${what} is malformed`, () => {
    assert.throws(() => parseStatus(text), { name: 'MalformedStatus' })
  })
}

test('a huge file is reported with its texts cut', () => {
  const long = 'x'.repeat(200_000)
  const substatus = [{ name: 'a', status: 'success', code: 0, formattedMessage: words(long) }]
  const { status } = parseStatus(file({ status: 'error', code: 1, formattedMessage: words(long), substatus }))
  assert.equal(status.formattedMessage.message.length, 1024)
  assert.equal(status.substatus?.[0]?.formattedMessage.message.length, 10 * 1024)
})

test('a file that is not there says nothing; one that stays unreadable is an error after five attempts', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'lazuli-'))
  t.after(() => rm(folder, { recursive: true }))
  const pauses: number[] = []
  const parts = {
    now: () => Date.UTC(2026, 0, 2),
    pause: async (ms: number) => {
      pauses.push(ms)
    },
  }
  assert.equal(await readStatus(folder, '0', parts), undefined)
  await writeFile(join(folder, '0.status'), '[{"sta')
  const unusable = await readStatus(folder, '0', parts)
  assert.equal(unusable?.status.status, 'error')
  assert.equal(unusable?.status.code, 1012)
  assert.equal(unusable?.timestampUTC, '2026-01-02T00:00:00Z')
  assert.deepEqual(pauses, [2000, 2000, 2000, 2000])
})

test('a file that is just being written is read when it is whole', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'lazuli-'))
  t.after(() => rm(folder, { recursive: true }))
  await writeFile(join(folder, 'one.7.status'), '[{"sta')
  const pause = () =>
    writeFile(join(folder, 'one.7.status'), file({ status: 'success', code: 0, formattedMessage: words('ok') }))
  assert.equal((await readStatus(folder, 'one.7', { now: () => 0, pause }))?.status.status, 'success')
})
