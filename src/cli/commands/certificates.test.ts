import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stripVTControlCharacters } from 'node:util'
import { certificateTable } from './certificates.ts'

const certificate = {
  id: 'https://kv1.vault.azure.net/secrets/web',
  installed: { version: '0123456789abcdef0123456789abcdef', notAfter: '2026-12-24T10:00:00.000Z' },
  nextPoll: '2026-11-25T23:59:30.000Z',
  nextRenewal: '2026-12-01T00:00:00.000Z',
  lastError: '',
  lastRenewal: '',
}

test('the table says when, in what zone, what has expired and what is not of today, in lines of bounded length', () => {
  const text = certificateTable(
    [
      { machine: 'web1', id: '/web1', heardBefore: null, certificates: [certificate] },
      {
        ...{ machine: 'web2', id: '/web2', heardBefore: '2026-11-20T08:15:00.000Z' },
        certificates: [
          {
            ...certificate,
            installed: { ...certificate.installed, notAfter: '2026-11-24T00:00:00.000Z' },
            nextPoll: null,
            lastError: `no\u001b[31m\nway ${'x'.repeat(600)}`,
          },
        ],
      },
    ],
    new Date('2026-11-25T12:00:00Z'),
  )
  const lines = stripVTControlCharacters(text).split('\n')
  assert.deepEqual(
    lines.map(line => line.replace(/ {2,}/g, ' | ')),
    [
      'MACHINE | CERTIFICATE | VERSION | GOOD UNTIL | RENEWED ON | NEXT POLL | LAST',
      'web1 | https://kv1.vault.azure.net/secrets/web | 01234567 | 2026-12-24 | 2026-12-01 | 2026-11-25 23:59Z | ok',
      `web2 | https://kv1.vault.azure.net/secrets/web | 01234567 | 2026-11-24 EXPIRED | 2026-12-01 | (as of 2026-11-20 08:15Z) no [31m way ${'x'.repeat(41)}…`,
    ],
  )
})
