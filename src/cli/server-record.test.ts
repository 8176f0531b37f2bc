import assert from 'node:assert/strict'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { lockDirectory } from '../server/store/directory-lock.ts'
import { temporaryDirectory } from '../server/store/testing.ts'
import { readServerRecord, removeServerRecord, writeServerRecord } from './server-record.ts'

const record = { pid: process.pid, url: 'https://localhost:1', port: 1, domain: 'lazuli.localhost' }

test('a running server is found by its record, which only its owner can read', async t => {
  const directory = temporaryDirectory(t)
  const lock = lockDirectory(directory)
  t.after(() => lock.release())
  await writeServerRecord(directory, record)
  assert.deepEqual(await readServerRecord(directory), record)
  assert.equal(statSync(join(directory, 'server.json')).mode & 0o777, 0o600)
})

test('a record that was left by a crash does not count', async t => {
  const directory = temporaryDirectory(t)
  lockDirectory(directory).release()
  await writeServerRecord(directory, record)
  assert.equal(await readServerRecord(directory), undefined)
})

test('the record of a predecessor is not taken for that of a server that is just starting', async t => {
  const directory = temporaryDirectory(t)
  await writeServerRecord(directory, { ...record, pid: 1 })
  const lock = lockDirectory(directory)
  t.after(() => lock.release())
  assert.equal(await readServerRecord(directory), undefined)
})

test('a server that ends removes its own record and not its successor’s', async t => {
  const directory = temporaryDirectory(t)
  await writeServerRecord(directory, { ...record, pid: 1 })
  await removeServerRecord(directory)
  assert.deepEqual(readdirSync(directory), ['server.json'])
  await writeServerRecord(directory, record)
  await removeServerRecord(directory)
  assert.deepEqual(readdirSync(directory), [])
})
