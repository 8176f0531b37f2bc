import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { lazuli } from '../cli/lazuli.ts'
import { seesTheMainJob } from '../cli/main-job.ts'
import { leftovers, snapshot } from '../leftovers.ts'

test('the tour shows the main job from inside a real machine over ssh, and leaves nothing on the host', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'lazuli-'))
  t.after(() => rm(folder, { recursive: true }))
  const before = snapshot(folder)
  const { exitCode, stdout, stderr } = await lazuli(['tour', '--once', '--machines', 'sandbox'], { TMPDIR: folder })
  assert.equal(exitCode, 0, stderr)
  seesTheMainJob(stdout)
  assert.match(stdout, /^azureuser@first-machine:~\$ curl -s /m)
  assert.deepEqual(await readdir(folder), [])
  // The kernel takes some things down after those who held them are gone.
  for (const giveUpAt = Date.now() + 20_000; Date.now() < giveUpAt; await pause(200)) {
    if (leftovers(before, snapshot(folder)).length === 0) break
  }
  assert.deepEqual(leftovers(before, snapshot(folder)), [])
})
