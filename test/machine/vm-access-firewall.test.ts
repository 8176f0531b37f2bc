/** The packet filter of a network namespace of its own, which needs no machine. */

import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { type TestContext, test } from 'node:test'
import { promisify } from 'node:util'
import { close, closedPorts, missingOpenings, open } from '../../src/extensions/host/firewall.ts'
import { type Run, run } from '../../src/extensions/host/run.ts'
import '../deadline.ts'
import { limits } from './rig.ts'

const execute = promisify(execFile)

/** A namespace in which something listens on port 2222, and a `run` for it. */
async function openNetwork(t: TestContext): Promise<{ inside: Run; connects(): Promise<boolean> }> {
  const name = `lz-test-${randomBytes(4).toString('hex')}`
  await execute('ip', ['netns', 'add', name])
  t.after(() => execute('ip', ['netns', 'delete', name]))
  const inside: Run = (command, args, options) => run('ip', ['netns', 'exec', name, command, ...args], options)
  await inside('ip', ['link', 'set', 'lo', 'up'])
  const listen = "require('net').createServer(s => s.end()).listen(2222, () => console.log('up'))"
  const server = spawn('ip', ['netns', 'exec', name, process.execPath, '-e', listen], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.after(async () => {
    server.kill()
    await once(server, 'exit')
  })
  await once(server.stdout, 'data')
  const connect = ['1', 'bash', '-c', 'exec 3<>/dev/tcp/127.0.0.1/2222']
  return { inside, connects: async () => (await inside('timeout', connect, { anyExit: true })).exitCode === 0 }
}

test('nftables that drops what it does not know lets sshd be reached, and is put back', limits, async t => {
  const { inside, connects } = await openNetwork(t)
  const rules = `table inet guard {
  chain input { type filter hook input priority 0; policy drop; ct state invalid drop; tcp dport 443 accept; };
  chain output { type filter hook output priority 0; policy drop; tcp sport 443 accept; tcp dport 2222 accept; };
}
table ip late { chain in { type filter hook input priority 10; tcp dport 2222 reject with tcp reset; }; }`
  assert.deepEqual(await closedPorts([2222], inside), [])
  assert.equal(await connects(), true)
  await inside('nft', ['-f', '-'], { stdin: rules })
  const before = (await inside('nft', ['list', 'ruleset'])).stdout.toString()
  assert.equal(await connects(), false)
  assert.deepEqual(await closedPorts([2222], inside), [2222])

  const openings = await missingOpenings([2222], inside)
  assert.equal(openings.length, 3)
  for (const opening of openings) await open(opening, inside)
  // The way back to whoever connects: here both ends are behind the same filter.
  await inside('nft', ['insert', 'rule', 'inet', 'guard', 'input', 'tcp', 'sport', '2222', 'accept', 'comment', 'test'])
  assert.equal(await connects(), true)
  assert.deepEqual(await closedPorts([2222], inside), [])
  assert.deepEqual(await missingOpenings([2222], inside), [])

  await inside('sh', [
    '-c',
    'nft -a list chain inet guard input | sed -n \'s/.*comment "test" # handle //p\' | xargs nft delete rule inet guard input handle',
  ])
  for (const opening of openings) await close(opening, inside)
  for (const opening of openings) await close(opening, inside)
  assert.equal((await inside('nft', ['list', 'ruleset'])).stdout.toString(), before)
})
