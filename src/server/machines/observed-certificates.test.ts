import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openObservedCertificates } from './observed-certificates.ts'

const certificate = (id: string) => ({
  ...{ id, path: '/store/link', installed: null, nextPoll: null, lastPoll: null, lastError: '', lastRenewal: '' },
})

test('the machines that observe a certificate are woken, whatever they call its vault, and no others', () => {
  let now = 0
  const woken: string[] = []
  const { observe, observed, certificateChanged, changedSecrets } = openObservedCertificates(
    id => woken.push(id),
    () => now,
  )
  const ids = ['https://Safe.vault.azure.net/secrets/Web', 'https://safe.vault.lazuli.localhost:4443/secrets/web']
  observe('a', [ids[0] ?? '', 'https://safe.vault.azure.net/secrets/other'].map(certificate))
  observe('b', [certificate(ids[1] ?? '')])
  observe('c', [certificate('https://other.vault.azure.net/secrets/web')])
  certificateChanged('sAfe', 'weB')
  assert.deepEqual(woken, ['a', 'b'])
  assert.deepEqual(
    ['a', 'b', 'c'].map(machine => changedSecrets(machine).map(({ id }) => id)),
    [[ids[0]], [ids[1]], []],
  )

  const [first] = changedSecrets('a')
  certificateChanged('safe', 'web')
  assert.notEqual(changedSecrets('a')[0]?.change, first?.change)
  assert.equal(changedSecrets('a').length, 1)
  now = 11 * 60_000
  certificateChanged('safe', 'other')
  assert.deepEqual(
    changedSecrets('a').map(({ id }) => id),
    ['https://safe.vault.azure.net/secrets/other'],
  )
  observe('a', [])
  assert.deepEqual(observed('a'), [])
})
