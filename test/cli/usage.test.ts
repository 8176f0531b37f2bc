import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { lazuli } from './lazuli.ts'

for (const argv of [
  ['nonsense'],
  ['up', '--port', 'http'],
  ['up', '--machines', 'kvm'],
  ['env', '--format', 'xml'],
  ['exec'],
  ['ssh'],
  ['clock', '5q'],
  ['clock', '--bogus'],
  ['status', 'superfluous'],
]) {
  test(`lazuli ${argv.join(' ')} is wrong usage, said on standard error with exit code 2`, async () => {
    const { exitCode, stdout, stderr } = await lazuli(argv)
    assert.equal(exitCode, 2)
    assert.equal(stdout, '')
    assert.notEqual(stderr, '')
  })
}

test('help and version are results', async () => {
  const help = await lazuli(['--help'])
  assert.equal(help.exitCode, 0)
  for (const command of [
    'up',
    'down',
    'status',
    'doctor',
    'logs',
    'env',
    'exec',
    'shell',
    'ssh',
    'clock',
    'trust',
    'tour',
  ]) {
    assert.match(help.stdout, new RegExp(`^  ${command} `, 'm'))
  }
  assert.match((await lazuli(['--version'])).stdout, /^\d+\.\d+\.\d+\n$/)
})

test('without a server, commands that need one fail and say how to start it', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'lazuli-'))
  t.after(() => rm(folder, { recursive: true }))
  for (const argv of [['env'], ['exec', '--', 'true'], ['ssh', 'web1'], ['clock'], ['shell']]) {
    const [name = '', ...rest] = argv
    const { exitCode, stdout, stderr } = await lazuli([name, '--data', folder, ...rest])
    assert.deepEqual({ exitCode, stdout }, { exitCode: 1, stdout: '' }, name)
    assert.ok(stderr.includes(`lazuli up --detach --data ${folder}`), stderr)
  }
  const status = await lazuli(['status', '--json', '--data', folder])
  assert.equal(status.exitCode, 1)
  assert.deepEqual(JSON.parse(status.stdout), { running: false, directory: folder })
  assert.equal((await lazuli(['down', '--data', folder])).exitCode, 0)
  assert.equal((await lazuli(['logs', '--data', folder])).exitCode, 3)
  assert.equal((await lazuli(['trust', '--data', folder])).exitCode, 1)
})

test('doctor says what works here, and changes nothing', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'lazuli-'))
  t.after(() => rm(folder, { recursive: true }))
  const data = join(folder, 'not', 'yet')
  const { exitCode, stdout } = await lazuli(['doctor', '--json', '--data', data])
  const { ok, probes } = JSON.parse(stdout)
  assert.equal(exitCode, ok ? 0 : 1)
  const names = probes.map(({ name }: { name: string }) => name)
  for (const name of ['Node', 'data directory', 'port', 'az', 'curl', 'ssh', 'root'])
    assert.ok(names.includes(name), name)
  for (const { name, ok, remedy } of probes) assert.equal(ok, remedy === '', `${name}: ${remedy}`)
  assert.deepEqual(await readdir(folder), [])
})
