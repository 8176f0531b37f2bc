import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { JobTooLong, openThread } from './thread.ts'

/** A thread that runs what its jobs say. */
async function evaluator(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'lazuli-thread-'))
  t.after(() => rm(folder, { recursive: true }))
  const program = pathToFileURL(join(folder, 'program.mjs'))
  const module = new URL('./thread.ts', import.meta.url).href
  await writeFile(program, `import { answerJobs } from '${module}'; answerJobs(code => eval(code))`)
  const thread = openThread<string, unknown>(program, { idleMs: 0 })
  t.after(() => thread.close())
  return thread
}

test('a thread answers each job with its own result or failure, and starts again after it has been idle', async t => {
  const thread = await evaluator(t)
  const results = await Promise.allSettled([thread.run('1 + 1'), thread.run('null.x'), thread.run('"a" + "b"')])
  assert.deepEqual(
    results.map(one => (one.status === 'fulfilled' ? one.value : `${one.reason.name}`)),
    [2, 'TypeError', 'ab'],
  )
  await new Promise(resolve => setTimeout(resolve, 20))
  assert.equal(await thread.run('2 + 2'), 4)
})

test('jobs of a thread that dies fail, and the next one gets a new thread', async t => {
  const thread = await evaluator(t)
  const results = await Promise.allSettled([thread.run('process.exit()'), thread.run('1')])
  assert.deepEqual(
    results.map(one => one.status),
    ['rejected', 'rejected'],
  )
  assert.equal(await thread.run('3'), 3)
})

test('a job that takes longer than it may is given up', async t => {
  const thread = await evaluator(t)
  await assert.rejects(thread.run('while (true);', { limitMs: 50 }), JobTooLong)
  assert.equal(await thread.run('4'), 4)
})
