import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DataDirectoryInUse, directoryHolder, lockDirectory } from './directory-lock.ts'
import { temporaryDirectory } from './testing.ts'

test('a data directory is held by one process; the next one is told by which', t => {
  const directory = temporaryDirectory(t)
  const lock = lockDirectory(directory)
  assert.throws(
    () => lockDirectory(directory),
    (error: unknown) => error instanceof DataDirectoryInUse && error.pid === process.pid,
  )
  lock.release()
  lockDirectory(directory).release()
})

test('who asks for the holder is told, and never gets into the way of the next one', t => {
  const directory = temporaryDirectory(t)
  assert.equal(directoryHolder(directory), undefined)
  const lock = lockDirectory(directory)
  assert.equal(directoryHolder(directory), process.pid)
  lock.release()
  assert.equal(directoryHolder(directory), undefined)
  lockDirectory(directory).release()
})
