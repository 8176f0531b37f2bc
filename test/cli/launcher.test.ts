import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFile, cp, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { runProgram } from '../run-program.ts'
import { launcher } from '../server-process.ts'
import { environment } from './lazuli.ts'

const root = resolve(import.meta.dirname, '../..')
let folder: string
let otherNode: string

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lazuli-'))
  // The launcher tells its own Node by where it is.
  otherNode = join(folder, 'node')
  await copyFile(process.execPath, otherNode)
})
after(() => rm(folder, { recursive: true }))

test('from another Node, a checkout goes on in its own, with arguments and exit code intact', async () => {
  const { exitCode, stderr } = await runProgram([otherNode, launcher, 'clock', 'no such shift'], { env: environment() })
  assert.equal(exitCode, 2)
  assert.match(stderr, /no such shift is no shift of a clock/)
})

test('from another Node, a signal reaches the server, which ends as it should', async () => {
  const data = join(folder, 'data')
  const child = spawn(otherNode, [launcher, 'up', '--data', data, '--port', '0', '--machines', 'none', '--json'], {
    env: environment(),
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const exit = once(child, 'exit')
  const [line] = await once(child.stdout, 'data')
  assert.notEqual(JSON.parse(line).pid, child.pid)
  child.kill('SIGTERM')
  assert.deepEqual(await exit, [0, null])
})

test('the bundle needs nothing but itself and Node, and says whose work is in it', async () => {
  const installed = join(folder, 'installed')
  await promisify(execFile)(process.execPath, [join(root, 'build.ts'), installed])
  await cp(join(root, 'bin'), join(installed, 'bin'), { recursive: true })
  const lazuli = (...argv: string[]) =>
    runProgram([otherNode, join(installed, 'bin/lazuli.cjs'), ...argv], { env: environment(), cwd: folder })

  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
  assert.deepEqual(await lazuli('--version'), { exitCode: 0, stdout: `${version}\n`, stderr: '' })

  const data = join(folder, 'bundle-data')
  const started = await lazuli('up', '--data', data, '--port', '0', '--machines', 'none', '--detach', '--json')
  assert.equal(started.exitCode, 0, started.stderr)
  const url = 'https://management.azure.com/metadata/endpoints?api-version=2022-09-01'
  const { stdout } = await lazuli('exec', '--data', data, '--', 'curl', '-sS', url)
  assert.equal((await lazuli('down', '--data', data)).exitCode, 0)
  assert.equal(JSON.parse(stdout).name, 'AzureCloud')

  const notices = await readFile(join(installed, 'THIRD_PARTY_NOTICES'), 'utf8')
  for (const name of ['commander', 'kysely', 'pkijs']) {
    assert.match(notices, new RegExp(`^${name} \\d+\\.\\d+\\.\\d+ \\((MIT|BSD-3-Clause)\\)$`, 'm'))
  }
})
