import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readPort } from './settings.ts'

test('the port is a number, also when it is written as a text, and 50342 when none is named', () => {
  assert.deepEqual([{ port: 50343 }, { port: '1024' }, {}].map(readPort), [50343, 1024, 50342])
})

test('what is no port, or one of those of root, is refused', () => {
  for (const port of [
    0,
    22,
    1023,
    65_536,
    50342.5,
    -1,
    Number.NaN,
    '',
    '50342\nExecStart=/bin/sh',
    '0x50',
    null,
    [],
    true,
  ])
    assert.throws(() => readPort({ port }), /port is not a number from 1024 to 65535/, String(port))
})
