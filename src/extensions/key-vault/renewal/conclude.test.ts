import assert from 'node:assert/strict'
import { readlinkSync } from 'node:fs'
import { createServer } from 'node:net'
import { test } from 'node:test'
import { noting, openKeyVaultRig } from '../testing-rig.ts'
import type { ServedSerial } from './served.ts'

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

const verify = { host: '127.0.0.1', port: 443 }
const nobody = { failure: 'connect ECONNREFUSED 127.0.0.1:443', isSilent: true }

test(
  'a unit that is stopped is nothing against a version: what it serves is looked at once it runs',
  limits,
  async t => {
    const { issue, settings, start, store } = await openKeyVaultRig(t)
    const units: Record<string, string> = {}
    const { run, calls } = noting(['systemctl'], undefined, units)
    let serves: ServedSerial = nobody
    issue('a')
    const { settled, loop, list } = start(settings({ a: { ...reload, verify } }), { run, served: async () => serves })
    await settled()
    units['nginx.service'] = 'LoadState=loaded\nActiveState=inactive\n'
    const { version, serial } = issue('a')
    loop.pollAll()
    assert.equal((await settled()).substatus?.[0]?.status, 'warning')
    assert.equal(readlinkSync(`${store}/Kv1.a`), `Kv1.a.${version}`)
    assert.match(list()[0]?.lastRenewal ?? '', /^nginx\.service does not run, and reads the file when it is started;/)
    assert.deepEqual(calls, [reloaded])
    delete units['nginx.service']
    serves = { serial }
    loop.pollAll()
    assert.equal((await settled()).substatus?.[0]?.status, 'success')
    assert.match(list()[0]?.lastRenewal ?? '', new RegExp(`127.0.0.1:443 serves it \\(serial number ${serial}`))
    loop.pollAll()
    await settled()
    assert.deepEqual(calls, [reloaded, reloaded])
  },
)

test('a program whose port was silent before as well is looked at again, and nothing goes back', limits, async t => {
  const { issue, settings, start, store } = await openKeyVaultRig(t)
  const { run } = noting(['/bin/tell'])
  let serves: ServedSerial = nobody
  const first = issue('a')
  const wish = settings({ a: { afterRenewal: ['/bin/tell'], verify } })
  const { settled, loop } = start(wish, { run, served: async () => serves })
  await settled()
  const { version } = issue('a')
  loop.pollAll()
  assert.equal((await settled()).substatus?.[0]?.status, 'warning')
  assert.equal(readlinkSync(`${store}/Kv1.a`), `Kv1.a.${version}`)
  // It was started, and cannot do anything with it.
  serves = { serial: first.serial }
  loop.pollAll()
  assert.equal((await settled()).substatus?.[0]?.status, 'error')
  assert.equal(readlinkSync(`${store}/Kv1.a`), `Kv1.a.${first.version}`)
})

test('nothing goes back to a certificate that has come to its end', limits, async t => {
  const { issue, settings, start, store } = await openKeyVaultRig(t)
  const { run, calls } = noting(['systemctl'])
  issue('a')
  const wish = settings({ a: { ...reload, verify } })
  const { settled, loop, list, setClock } = start(wish, { run, served: async () => ({ serial: '00' }) })
  await settled()
  setClock(10 * 365 * 86_400_000)
  const { version } = issue('a')
  loop.pollAll()
  assert.equal((await settled()).substatus?.[0]?.status, 'error')
  assert.equal(readlinkSync(`${store}/Kv1.a`), `Kv1.a.${version}`)
  assert.match(
    list()[0]?.lastRenewal ?? '',
    /serves the serial number 00 .*; it stays, for \w+ is no longer valid since/,
  )
  assert.equal(calls.length, 2)
})

test(
  'what was put back is tried again when somebody says so, and is no error any more once it is served',
  limits,
  async t => {
    const { issue, settings, start, store } = await openKeyVaultRig(t)
    const { run } = noting(['systemctl'])
    const first = issue('a')
    let serves = first.serial
    const wish = settings({ a: { ...reload, verify } })
    const running = start(wish, { run, served: async () => ({ serial: serves }) })
    await running.settled()
    const second = issue('a')
    running.loop.pollAll()
    assert.equal((await running.settled()).substatus?.[0]?.status, 'error')
    assert.equal(readlinkSync(`${store}/Kv1.a`), `Kv1.a.${first.version}`)
    await running.stop()
    // Other settings have nothing to do with what went wrong under these.
    const other = start(settings({ a: {} }))
    await other.until(() => other.list().length > 0)
    assert.equal(other.list()[0]?.lastRenewal, '')
    await other.settled()
    await other.stop()
    const { loop, settled, list } = start(wish, { run, served: async () => ({ serial: serves }) })
    await settled()
    serves = second.serial
    loop.tryAgain()
    assert.equal((await settled()).substatus?.[0]?.status, 'success')
    assert.equal(readlinkSync(`${store}/Kv1.a`), `Kv1.a.${second.version}`)
    assert.match(list()[0]?.lastRenewal ?? '', /serves it/)
  },
)

test(
  'a unit that comes later than the first certificate is told nothing, and later on has to be there',
  limits,
  async t => {
    const { issue, settings, start } = await openKeyVaultRig(t)
    const units = { 'nginx.service': 'LoadState=not-found\nActiveState=inactive\n' }
    const { run, calls } = noting(['systemctl'], undefined, units)
    issue('a')
    const { settled, loop, list } = start(settings({ a: reload }), { run })
    assert.equal((await settled()).substatus?.[0]?.status, 'success')
    assert.equal(list()[0]?.lastRenewal, 'there is no unit nginx.service yet')
    issue('a')
    loop.pollAll()
    assert.equal((await settled()).substatus?.[0]?.status, 'error')
    assert.equal(list()[0]?.lastRenewal, 'afterRenewal failed: there is no unit nginx.service')
    assert.deepEqual(calls, [])
  },
)

test('a unit that fell over a certificate is started again with the one before', limits, async t => {
  const { issue, settings, start, store } = await openKeyVaultRig(t)
  const units: Record<string, string> = {}
  const first = issue('a')
  const { run, calls } = noting(
    ['systemctl'],
    ([verb]) => {
      if (verb === 'start') delete units['nginx.service']
      return 0
    },
    units,
  )
  let isBad = false
  const telling: typeof run = async (command, args, options) => {
    const done = await run(command, args, options)
    if (isBad && args[0] === 'try-reload-or-restart') units['nginx.service'] = 'LoadState=loaded\nActiveState=failed\n'
    return done
  }
  const served = async () => (units['nginx.service'] ? nobody : { serial: first.serial })
  const { settled, loop, list } = start(settings({ a: { ...reload, verify } }), { run: telling, served })
  await settled()
  isBad = true
  issue('a')
  loop.pollAll()
  await settled()
  assert.equal(readlinkSync(`${store}/Kv1.a`), `Kv1.a.${first.version}`)
  assert.deepEqual(calls, [reloaded, reloaded, 'systemctl start -- nginx.service'])
  assert.match(list()[0]?.lastRenewal ?? '', /put back to .* Now: nginx\.service was started; .* serves it/)
})
