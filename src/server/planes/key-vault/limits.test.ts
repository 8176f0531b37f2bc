import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openVault } from './testing-vault.ts'

test('with Azure’s limits, a vault takes 300 writes in ten seconds, says when to come again, and then takes more', async t => {
  const { ask, forwardBy } = await openVault(t, { vaultLimits: 'azure' })
  const set = () => ask('PUT', '/secrets/s', { body: { value: 'v' } })
  forwardBy(3)
  for (let written = 0; written < 300; written++) assert.equal((await set()).status, 200)
  const { status, headers, body } = await set()
  assert.deepEqual(
    [status, headers.get('retry-after'), body],
    [
      429,
      '7',
      {
        error: {
          code: 'Throttled',
          message:
            'Request was not processed because too many requests were received. Reason: VaultRequestTypeLimitReached',
        },
      },
    ],
  )
  assert.equal((await ask('GET', '/secrets/s')).status, 200)
  forwardBy(7)
  assert.equal((await set()).status, 200)
})
