/** Blobs, and files of a data lake, of a server that is killed: what was answered is there, and nothing else is. */

import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { startLazuli } from '../start.ts'
import { openLedger } from './ledger.ts'
import { openStorage } from './storage-writers.ts'
import { sweepStopped } from './sweep-stopped.ts'

const rounds = 100
const writers = 2

test('a server that is killed a hundred times keeps all that it has answered of blobs and files, and no half', async t => {
  const lazuli = await startLazuli(t)
  const storage = await openStorage(lazuli, { versions: true })
  const ledger = openLedger()
  let answered = 0
  const course = { ledger, onAnswer: () => void answered++ }

  for (let round = 0; round < rounds; round++) {
    // Blobs come again after ten rounds; until then they have to stay what they are.
    const writing = Array.from({ length: writers }, (_, writer) => [
      storage.writeBlobs(`w${writer}-${round % 10}`, course),
      storage.writeFiles(`w${writer}-${round}`, course),
    ]).flat()
    const enough = answered + randomInt(3, 30)
    const reached = async () => {
      while (answered < enough) await pause(1)
    }
    await Promise.race([reached(), Promise.all(writing)])
    await pause(randomInt(0, 20))
    assert.equal(await lazuli.kill('SIGKILL'), -1)
    await Promise.all(writing)
    await lazuli.restart()
    const changed = ledger.changed()
    assert.deepEqual(ledger.compare(await storage.observe(changed), changed), [], `after round ${round}`)
  }
  t.diagnostic(`${answered} answered changes of ${ledger.size} things`)
  assert.deepEqual(ledger.compare(await storage.observe()), [], 'in the end')

  assert.equal(await lazuli.kill('SIGTERM'), 0)
  const swept = await sweepStopped(lazuli.directory)
  t.diagnostic(`${swept.removed} extents were left over`)
  assert.deepEqual(swept.orphans, [])
  await lazuli.restart()
  assert.deepEqual(ledger.compare(await storage.observe()), [], 'after the sweep')
  t.diagnostic(`${await storage.readVersions(300)} versions are whole`)
})
