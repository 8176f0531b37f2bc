import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { lazuli } from '../cli/lazuli.ts'
import { seesTheMainJob } from '../cli/main-job.ts'
import { until } from '../crash/changes.ts'
import { leftByServer, snapshot } from '../leftovers.ts'

test('the tour shows the main job from inside a real machine over ssh, and leaves nothing on the host', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'lazuli-'))
  t.after(() => rm(folder, { recursive: true }))
  const before = snapshot(folder)
  const tour = lazuli(['tour', '--once', '--machines', 'sandbox'], { TMPDIR: folder })
  const [data] = await until(
    () => Promise.race([readdir(folder), tour.then(({ stderr }) => assert.fail(stderr))]),
    names => names.length > 0,
  )
  const { exitCode, stdout, stderr } = await tour
  assert.equal(exitCode, 0, stderr)
  seesTheMainJob(stdout)
  assert.match(stdout, /^azureuser@first-machine:~\$ curl -s /m)
  assert.deepEqual(await readdir(folder), [])
  // The kernel takes some things down after those who held them are gone.
  await until(
    async () => leftByServer(join(folder, data ?? ''), before),
    left => left.length === 0,
  )
})
