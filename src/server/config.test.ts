import assert from 'node:assert/strict'
import { test } from 'node:test'
import { configure, WrongEnvironment } from './config.ts'

const limitsOf = (asked: string | undefined) => configure({}, { LAZULI_VAULT_LIMITS: asked }).vaultLimits

test('the limits of vaults are those of Azure or none, and never by mistake', () => {
  assert.deepEqual([undefined, '', 'none', 'azure', 'Azure'].map(limitsOf), ['none', 'none', 'none', 'azure', 'azure'])
  assert.throws(() => limitsOf('azur'), new WrongEnvironment("LAZULI_VAULT_LIMITS is 'azure' or 'none', not 'azur'."))
})
