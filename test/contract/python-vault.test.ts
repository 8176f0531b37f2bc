/** The libraries of Key Vault for Python, as Debian ships them, with their check of the challenge on. */

import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { startLazuli } from '../start.ts'
import { newGroup, newVault } from './arrange.ts'
import { azEnvironment, azLane, lanesMissing } from './az.ts'

const program = join(import.meta.dirname, 'programs/vaults.py')

test('azure-keyvault for Python keeps secrets, keys and certificates', { skip: lanesMissing }, async t => {
  const [lazuli, lane] = await Promise.all([startLazuli(t), azLane('trixie', t)])
  const vault = await newVault(lazuli, await newGroup(lazuli))
  const { tenantId, admin } = lazuli.env
  const { exitCode, stdout, stderr } = await lazuli.exec(['python3', '-'], {
    env: {
      ...azEnvironment(lane),
      AZURE_TENANT_ID: tenantId,
      AZURE_CLIENT_ID: admin.clientId,
      AZURE_CLIENT_SECRET: admin.clientSecret,
      VAULT_URL: `https://${vault}.vault.azure.net`,
    },
    stdin: await readFile(program, 'utf8'),
  })
  assert.equal(exitCode, 0, stderr)
  assert.equal(stdout, 'done\n')
})
