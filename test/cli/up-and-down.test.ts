import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { appendFile, mkdtemp, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type TestContext, test } from 'node:test'
import { runProgram } from '../run-program.ts'
import { launcher } from '../server-process.ts'
import { startLazuli } from '../start.ts'
import { environment, lazuli } from './lazuli.ts'

const up = (directory: string, ...more: string[]) =>
  lazuli(['up', '--data', directory, '--port', '0', '--machines', 'none', ...more])

async function folderOf(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'lazuli-'))
  t.after(async () => {
    await lazuli(['down', '--data', folder])
    await rm(folder, { recursive: true })
  })
  return folder
}

test('up in the background says in one line of JSON that it is ready, and down ends it', async t => {
  const folder = await folderOf(t)
  const started = await up(folder, '--detach', '--json')
  assert.equal(started.exitCode, 0, started.stderr)
  const ready = JSON.parse(started.stdout)
  assert.deepEqual(ready, { ready: true, url: ready.url, data: folder, pid: ready.pid, machines: 'none' })
  assert.match(ready.url, /^https:\/\/localhost:\d+$/)
  assert.equal((await stat(join(folder, 'server.json'))).mode & 0o777, 0o600)
  assert.equal((await stat(folder)).mode & 0o777, 0o700)

  const status = await lazuli(['status', '--json', '--data', folder])
  assert.partialDeepStrictEqual(JSON.parse(status.stdout), { running: true, url: ready.url, pid: ready.pid })

  const stopped = await lazuli(['down', '--data', folder])
  assert.equal(stopped.exitCode, 0, stopped.stderr)
  // Nothing, or a zombie where the host's first process does not ask after its orphans.
  const { stdout: state } = await runProgram(['ps', '-o', 'stat=', '-p', String(ready.pid)], { env: environment() })
  assert.match(state.trim(), /^(Z.*)?$/)
  assert.equal((await lazuli(['status', '--data', folder])).exitCode, 1)
})

test('a second up on the same data directory is refused, with the pid of the first', async t => {
  const server = await startLazuli(t)
  for (const detach of [[], ['--detach']]) {
    const second = await up(server.directory, ...detach)
    assert.equal(second.exitCode, 1)
    assert.match(second.stderr, new RegExp(`in use by the Lazuli server with pid ${server.pid}`))
    assert.ok(second.stderr.includes(`lazuli down --data ${server.directory}`))
  }
})

test('what a second up in the background is refused for is not in the log of the first', async t => {
  const folder = await folderOf(t)
  await up(folder, '--detach')
  const second = await up(folder, '--detach')
  assert.match(second.stderr, /in use by the Lazuli server/)
  assert.deepEqual(await lazuli(['logs', '--data', folder]), { exitCode: 0, stdout: '', stderr: '' })
})

test('a port that is taken is said to be taken', async t => {
  const server = await startLazuli(t)
  const { port } = new URL(server.url)
  const folder = await folderOf(t)
  const second = await lazuli(['up', '--data', folder, '--port', port, '--machines', 'none'])
  assert.equal(second.exitCode, 1)
  assert.match(second.stderr, new RegExp(`Port ${port} is taken`))
})

test('where no data directory can be made, that is said', async t => {
  const file = join(await folderOf(t), 'file')
  await writeFile(file, '')
  for (const [place, ...detach] of [[file], [join(file, 'below')], ['/proc/lazuli', '--detach']] as const) {
    const { exitCode, stderr } = await up(place, ...detach)
    assert.equal(exitCode, 1)
    assert.match(stderr, new RegExp(`^lazuli: ${place} cannot be made: .*\\n  Take another data directory`))
  }
})

test('a damaged database is refused with what to do, also in the background', async t => {
  const folder = await folderOf(t)
  await up(folder, '--detach')
  await lazuli(['down', '--data', folder])
  const database = join(folder, 'lazuli.sqlite')
  await writeFile(database, 'this is no database, but it is long enough to be mistaken for one'.repeat(100))
  for (const detach of [[], ['--detach']]) {
    const refused = await up(folder, ...detach)
    assert.equal(refused.exitCode, 1)
    assert.match(refused.stderr, /lazuli\.sqlite is damaged.*restore it from a backup/)
  }
  assert.match(await readFile(database, 'utf8'), /^this is no database/)
})

test('Ctrl-C and SIGTERM end a server with exit code 0, and it can be started again', async t => {
  const server = await startLazuli(t)
  assert.equal(await server.kill('SIGINT'), 0)
  await server.restart()
  assert.equal(await server.kill('SIGTERM'), 0)
  await server.restart()
  assert.equal((await server.arm('GET', '/subscriptions?api-version=2022-12-01')).status, 200)
})

test('after a crash, the record that it left fools nobody', async t => {
  const server = await startLazuli(t)
  await server.kill('SIGKILL')
  assert.equal((await server.command(['status'])).exitCode, 1)
  assert.match((await server.command(['env'])).stderr, /No Lazuli server is running/)
  await server.restart()
  assert.equal((await server.command(['status'])).exitCode, 0)
})

test('logs shows what a server in the background has written', async t => {
  const folder = await folderOf(t)
  await up(folder, '--detach')
  await appendFile(join(folder, 'server.log'), 'first ü\nsecond')
  const shown = await lazuli(['logs', '--data', folder])
  assert.deepEqual(shown, { exitCode: 0, stdout: 'first ü\nsecond\n', stderr: '' })
})

test('logs -f goes on with what is written afterwards, until it is ended', async t => {
  const folder = await folderOf(t)
  await up(folder, '--detach')
  const log = join(folder, 'server.log')
  await appendFile(log, 'before\n')
  const child = spawn(process.execPath, [launcher, 'logs', '-f', '--data', folder], {
    env: environment(),
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  t.after(() => child.kill('SIGKILL'))
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  assert.equal((await lines.next()).value, 'before')
  await appendFile(log, 'aft')
  await appendFile(log, 'er\n')
  assert.equal((await lines.next()).value, 'after')
  await truncate(log)
  await appendFile(log, 'anew\n')
  assert.equal((await lines.next()).value, 'anew')
})

test('logs says where the log of a server in the foreground is', async t => {
  const server = await startLazuli(t)
  const { stderr } = await server.command(['logs'])
  assert.match(stderr, new RegExp(`in the foreground.*pid ${server.pid}`))
})

test('a configuration file is read, and the command line wins', async t => {
  const folder = await folderOf(t)
  const file = join(folder, 'lazuli.json')
  await writeFile(file, JSON.stringify({ data: '.', machines: 'none', domain: 'azure.test', port: 1 }))
  const { exitCode, stderr } = await lazuli(['up', '--config', file, '--port', '0', '--detach'])
  assert.equal(exitCode, 0, stderr)
  const { domain } = JSON.parse((await lazuli(['env', '--data', folder, '--format', 'json'])).stdout)
  assert.equal(domain, 'azure.test')
})
