import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { probeHost } from './probe.ts'
import { type Run, run } from './run.ts'

test('what is found wanting comes with a remedy, and nothing is left of the attempts', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'lazuli-probe-'))
  t.after(() => rm(folder, { recursive: true }))
  const withoutRunc: Run = (command, args, options) =>
    command === 'runc' ? Promise.reject(new Error('runc cannot be started')) : run(command, args, options)
  const stateDir = join(folder, 'state')
  const { probes, sandbox } = await probeHost({ stateDir, cacheDir: folder, instance: 'probe', run: withoutRunc })

  assert.equal(sandbox, undefined)
  const wanting = probes.filter(probe => !probe.ok)
  assert.ok(wanting.length > 0)
  for (const { name, remedy } of wanting) assert.notEqual(remedy, '', name)
  for (const { name, remedy } of probes.filter(probe => probe.ok)) assert.equal(remedy, '', name)
  if (process.geteuid?.() === 0) {
    assert.deepEqual(
      wanting.filter(({ name }) => name === 'runc').map(({ detail }) => detail),
      ['runc cannot be started'],
    )
    assert.deepEqual(await readdir(stateDir), [])
  } else {
    assert.deepEqual(
      probes.map(({ name, detail }) => [name, detail]),
      [['root', 'not root']],
    )
  }
})
