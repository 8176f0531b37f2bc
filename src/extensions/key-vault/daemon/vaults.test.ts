import assert from 'node:assert/strict'
import { existsSync, readlinkSync } from 'node:fs'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { noting, openKeyVaultRig } from '../testing-rig.ts'

const limits = { skip: process.getuid?.() === 0 ? false : 'needs root: a store belongs to root' }

/** A host that takes connections and never says anything. */
async function silentVault(t: TestContext) {
  const sockets: Socket[] = []
  const server = createServer(socket => void sockets.push(socket.on('error', () => undefined)))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { origin: `https://kv2.vault.example.test:${(server.address() as AddressInfo).port}`, sockets }
}

test(
  'a vault that does not answer holds up neither polls nor news of another, nor what follows a renewal',
  limits,
  async t => {
    const silent = await silentVault(t)
    const { issue, settings, start, store, vault } = await openKeyVaultRig(t)
    const { run, calls } = noting(['systemctl'])
    const afterRenewal = { reload: 'nginx.service' }
    const wish = settings(
      {},
      {
        observedCertificates: [
          ...Array.from({ length: 40 }, (_, at) => ({ url: `${silent.origin}/secrets/s${at}`, afterRenewal })),
          { url: `${vault.origin}/secrets/good`, afterRenewal },
        ],
      },
    )
    const first = issue('good')
    const { loop, until, fire, stop } = start(wish, { run })
    const leadsTo = (version: string) => () =>
      existsSync(`${store}/Kv1.good`) && readlinkSync(`${store}/Kv1.good`) === `Kv1.good.${version}`
    await until(leadsTo(first.version))
    await until(() => silent.sockets.length === 8)
    assert.deepEqual(calls, [], 'the same program may be told of others in a moment')
    fire()
    await until(() => calls.length === 1)
    const second = issue('good')
    loop.changed([`${vault.origin}/secrets/good`])
    await until(leadsTo(second.version))
    assert.equal(silent.sockets.length, 8)
    await stop()
  },
)

test('when a vault wants to be left alone, it is, whichever of its secrets was asked for', limits, async t => {
  const { issue, settings, start, vault } = await openKeyVaultRig(t)
  const names = Array.from({ length: 40 }, (_, at) => `c${at}`)
  const throttled = {
    ...{ status: 429, headers: { 'retry-after': '10' } },
    body: { error: { code: 'Throttled', message: 'slow down' } },
  }
  vault.answer = (_path, token) => (token === '' ? undefined : throttled)
  const { settled, pass, list } = start(settings(Object.fromEntries(names.map(name => [name, {}]))))
  await settled()
  assert.ok(vault.asked.length <= 8, `${vault.asked.length} requests`)
  assert.match(list().at(-1)?.lastError ?? '', /429 Throttled: slow down/)
  const before = vault.asked.length
  assert.equal(await pass(), 10)
  assert.ok(vault.asked.length - before <= 8, `${vault.asked.length - before} requests`)
  vault.answer = undefined
  const shared = issue('c0')
  for (const name of names.slice(1)) vault.put(name, shared.value)
  await pass()
  assert.deepEqual([...new Set((await settled()).substatus?.map(({ status }) => status))], ['success'])
})
