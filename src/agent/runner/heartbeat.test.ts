import assert from 'node:assert/strict'
import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { parseHeartbeat, readHeartbeat } from './heartbeat.ts'

const text = (heartbeat: object) => JSON.stringify([{ version: 1.0, heartbeat }])
const ready = { status: 'Ready', code: 0, message: 'Plugin enabled' }

test('a handler says how it is, in any of the forms in use', () => {
  assert.deepEqual(parseHeartbeat(text({ status: 'ready', code: 0, message: 'fine' })), ready)
  const bad = { status: 'NotReady', code: 7, message: 'no disk' }
  assert.deepEqual(parseHeartbeat(text({ status: 'notready', code: 7, message: 'no disk' })), bad)
  assert.deepEqual(parseHeartbeat(text({ status: 'NotReady', code: '7', Message: 'no disk' })), bad)
  assert.deepEqual(parseHeartbeat(text({ status: 'notready', code: 7, formattedMessage: { message: 'no disk' } })), bad)
  for (const nonsense of ['', '{}', '[]', '[{}]', '[1]', 'null']) {
    const { status, code, message } = parseHeartbeat(nonsense)
    assert.deepEqual([status, code], ['NotReady', -1], nonsense)
    assert.match(message, /^Malformed heartbeat file: /)
  }
})

test('a handler that has said nothing for ten minutes, or never, is not responsive', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'lazuli-'))
  t.after(() => rm(folder, { recursive: true }))
  const path = join(folder, 'heartbeat.log')
  const at = (sinceSec: number, nowSec: number) =>
    readHeartbeat(path, { sinceMs: sinceSec * 1000, nowMs: nowSec * 1000 })
  const silent = { status: 'Unresponsive', code: -1, message: 'Extension heartbeat is not responsive' }
  assert.deepEqual(await at(1000, 1600), ready)
  assert.deepEqual(await at(1000, 1601), silent)

  await writeFile(path, text({ status: 'ready', code: 0, message: '' }))
  await utimes(path, 5000, 5000)
  assert.deepEqual(await at(1000, 5600), ready)
  assert.deepEqual(await at(1000, 5601), silent)
})
