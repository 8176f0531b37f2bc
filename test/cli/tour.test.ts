import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { startLazuli } from '../start.ts'
import { lazuli } from './lazuli.ts'
import { seesTheMainJob } from './main-job.ts'

test('without real machines, the tour shows the main job as the machine and leaves nothing', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'lazuli-'))
  t.after(() => rm(folder, { recursive: true }))
  const { exitCode, stdout, stderr } = await lazuli(['tour', '--once', '--machines', 'none'], { TMPDIR: folder })
  assert.equal(exitCode, 0, stderr)
  seesTheMainJob(stdout)
  assert.match(stdout, /\$ .*lazuli\S* shell --data \S+ --as first-machine$/m)
  assert.deepEqual(await readdir(folder), [])
})

test('a tour of a server that runs already uses what an earlier one made, and lets it run', async t => {
  const server = await startLazuli(t)
  for (const _visit of ['first', 'second']) {
    const { exitCode, stdout, stderr } = await server.command(['tour'])
    assert.equal(exitCode, 0, stderr)
    seesTheMainJob(stdout)
    assert.match(stdout, /The server was running before, and goes on/)
  }
  const { body } = await server.arm('GET', `${server.subscription}/resourceGroups?api-version=2021-04-01`)
  assert.deepEqual(
    body.value.map(({ name }: { name: string }) => name),
    ['first-light'],
  )
})
