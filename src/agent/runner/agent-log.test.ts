import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { openAgentLog } from './agent-log.ts'

function emptyMachine(t: TestContext) {
  const root = mkdtempSync(join(tmpdir(), 'lazuli-agent-log-'))
  t.after(() => rmSync(root, { recursive: true, force: true }))
  return { root, read: (name = 'waagent.log') => readFileSync(join(root, 'var/log', name), 'utf8') }
}

const now = () => Date.UTC(2026, 10, 25, 1, 2, 3, 4)
const handler = { handler: 'Microsoft.Azure.KeyVault.KeyVaultForLinux', version: '3.0.1' }

test('an entry is one line, as Azure’s agent writes it', t => {
  const { root, read } = emptyMachine(t)
  const log = openAgentLog(root, now)
  log('INFO', undefined, 'Lazuli’s agent is running')
  log('ERROR', handler, 'it said\n2026-11-25T01:02:03.004000Z INFO ExtHandler nothing')
  assert.equal(
    read(),
    `2026-11-25T01:02:03.004000Z INFO ExtHandler ExtHandler Lazuli’s agent is running
2026-11-25T01:02:03.004000Z ERROR ExtHandler [Microsoft.Azure.KeyVault.KeyVaultForLinux-3.0.1] it said 2026-11-25T01:02:03.004000Z INFO ExtHandler nothing
`,
  )
})

test('what is full is put aside once, and the older one goes', t => {
  const { root, read } = emptyMachine(t)
  const log = openAgentLog(root, now, 200)
  for (let number = 1; number <= 9; number++) log('INFO', undefined, `${number} ${'x'.repeat(60)}`)
  assert.deepEqual(readdirSync(join(root, 'var/log')).sort(), ['waagent.log', 'waagent.log.1'])
  assert.match(read('waagent.log.1'), / 7 x+\n.* 8 x+\n$/)
  assert.match(read(), / 9 x+\n$/)
})

test('where Azure’s agent is installed the file is left to it', t => {
  const { root } = emptyMachine(t)
  mkdirSync(join(root, 'usr/sbin'), { recursive: true })
  writeFileSync(join(root, 'usr/sbin/waagent'), '')
  openAgentLog(root, now)('INFO', handler, 'Enable extension')
  assert.deepEqual(readdirSync(root), ['usr'])
})

test('a log that cannot be written stops nobody', t => {
  const { root } = emptyMachine(t)
  writeFileSync(join(root, 'var'), '')
  openAgentLog(root, now)('INFO', handler, 'Enable extension')
})
