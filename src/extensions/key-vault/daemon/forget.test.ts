import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { forget } from './forget.ts'

const name = 'Microsoft.Azure.KeyVault.KeyVaultForLinux'

function installed(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'lazuli-forget-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const at = (...path: string[]) => join(folder, ...path)
  for (const path of ['waagent', 'state/key-vault', 'run']) mkdirSync(at(path), { recursive: true })
  writeFileSync(at('state/key-vault/installed.json'), '{}')
  writeFileSync(at('run/socket'), '')
  const unpack = (version: string) => mkdirSync(at('waagent', `${name}-${version}`, 'config'), { recursive: true })
  const uninstall = (version: string) =>
    forget(
      { name, libFolder: at('waagent'), handlerFolder: at('waagent', `${name}-${version}`) },
      { state: at('state/key-vault'), socket: at('run/socket') },
    )
  return { at, unpack, uninstall }
}

test('what goes for good takes along what it remembers, and leaves what others have beside it', t => {
  const { at, unpack, uninstall } = installed(t)
  unpack('3.0.1')
  mkdirSync(at('waagent', 'Microsoft.Azure.KeyVault.KeyVaultForLinuxOther-1.0', 'config'), { recursive: true })
  writeFileSync(at('run/other'), '')
  uninstall('3.0.1')
  assert.deepEqual([at('state'), at('run/socket'), at('run/other')].map(existsSync), [false, false, true])
  uninstall('3.0.1')
})

test('a version that a newer one takes the place of leaves it what it remembers', t => {
  const { at, unpack, uninstall } = installed(t)
  unpack('3.0.1')
  unpack('3.0.2')
  uninstall('3.0.1')
  assert.equal(existsSync(at('state/key-vault/installed.json')), true)
})
