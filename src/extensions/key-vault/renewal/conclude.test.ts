import assert from 'node:assert/strict'
import { readlinkSync } from 'node:fs'
import { createServer } from 'node:net'
import { test } from 'node:test'
import { noting, openKeyVaultRig } from '../testing-rig.ts'

const limits = { skip: process.getuid?.() === 0 ? false : 'needs root: a store belongs to root' }
const reload = { afterRenewal: { reload: 'nginx.service' } }
const reloaded = 'systemctl try-reload-or-restart -- nginx.service'

test(
  'a program is told once for all of its certificates that changed in one poll, and not without a change',
  limits,
  async t => {
    const { issue, settings, start } = await openKeyVaultRig(t)
    for (const name of ['a', 'b', 'c']) issue(name)
    const { run, calls } = noting(['systemctl', '/bin/other'])
    const { settled, loop } = start(settings({ a: reload, b: reload, c: { afterRenewal: ['/bin/other', 'x'] } }), {
      run,
    })
    await settled()
    assert.deepEqual(calls.sort(), ['/bin/other x', reloaded])
    loop.pollAll()
    await settled()
    assert.equal(calls.length, 2)
    issue('b')
    loop.pollAll()
    const status = await settled()
    assert.deepEqual(calls.slice(2), [reloaded])
    assert.match(
      status.substatus?.find(one => one.name === 'Kv1.b')?.message ?? '',
      /Last renewal: nginx\.service was reloaded/,
    )
  },
)

test('a program that takes its time holds up nothing but what it is told next', limits, async t => {
  const { issue, settings, start, store } = await openKeyVaultRig(t)
  for (const name of ['slow', 'other']) issue(name)
  const answers: PromiseWithResolvers<void>[] = []
  const { run, calls } = noting(['systemctl'])
  const { settled, asleep, loop, list } = start(settings({ slow: { afterRenewal: ['/bin/slow'] }, other: reload }), {
    async run(command, args, options) {
      if (command !== '/bin/slow') return run(command, args, options)
      answers.push(Promise.withResolvers())
      await answers.at(-1)?.promise
      return { exitCode: 0, stdout: Buffer.alloc(0), stderr: '' }
    },
  })
  await asleep()
  let newest = { slow: '', other: '' }
  for (const _ of [1, 2]) {
    newest = { slow: issue('slow').version, other: issue('other').version }
    loop.pollAll()
    await asleep()
    assert.equal(readlinkSync(`${store}/Kv1.slow`), `Kv1.slow.${newest.slow}`)
    assert.equal(readlinkSync(`${store}/Kv1.other`), `Kv1.other.${newest.other}`)
  }
  assert.equal(answers.length, 1)
  answers[0]?.resolve()
  while (answers.length < 2) await new Promise(resolve => setImmediate(resolve))
  answers[1]?.resolve()
  await settled()
  assert.equal(answers.length, 2)
  assert.deepEqual(new Set(calls), new Set([reloaded]))
  assert.match(list().find(one => one.path.endsWith('slow'))?.lastRenewal ?? '', /\/bin\/slow ran/)
})

test('a swap whose consequences a crash has swallowed has them after the next start', limits, async t => {
  const { issue, settings, start } = await openKeyVaultRig(t)
  issue('a')
  const hanging = start(settings({ a: reload }), {
    run: async () => {
      throw new Error('the process was killed here')
    },
  })
  await hanging.settled()
  await hanging.stop()
  const { run, calls } = noting(['systemctl'])
  issue('a')
  await start(settings({ a: reload }), { run }).settled()
  assert.deepEqual(calls, [reloaded])
})

test(
  'a version that is not served goes back to the last good one, and is not tried again before the next',
  limits,
  async t => {
    const { issue, settings, start, store, authority } = await openKeyVaultRig(t)
    assert.ok(authority)
    const closed = createServer()
    await new Promise<void>(resolve => closed.listen(0, '127.0.0.1', resolve))
    const address = closed.address()
    const port = typeof address === 'object' && address ? address.port : 0
    await new Promise(resolve => closed.close(resolve))
    const good = issue('a')
    const { run, calls } = noting(['systemctl'])
    const { settled, loop, list } = start(settings({ a: { ...reload, verify: { host: '127.0.0.1', port } } }), { run })
    await settled()
    const bad = issue('a')
    loop.pollAll()
    const status = await settled()
    assert.equal(readlinkSync(`${store}/Kv1.a`), `Kv1.a.${good.version}`)
    assert.deepEqual(calls, [reloaded, reloaded, reloaded])
    assert.equal(status.substatus?.[0]?.status, 'error')
    assert.match(
      list()[0]?.lastRenewal ?? '',
      new RegExp(`Version ${bad.version} was put back to ${good.version}: .*ECONNREFUSED`),
    )
    assert.equal(list()[0]?.installed?.version, good.version)
    loop.pollAll()
    await settled()
    assert.equal(readlinkSync(`${store}/Kv1.a`), `Kv1.a.${good.version}`)
    assert.equal(calls.length, 3)
  },
)
