import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { azLane, lanesMissing } from './az.ts'

const versions = { trixie: '2.74.0', bookworm: '2.45.0' } as const

for (const suite of ['trixie', 'bookworm'] as const) {
  test(`az of Debian ${suite} runs in a home of its own`, { skip: lanesMissing }, async t => {
    const { az } = await azLane(suite, t)
    const version = await az(['version'])
    assert.equal(version.json<Record<string, string>>()['azure-cli'], versions[suite])

    assert.equal((await az(['config', 'set', 'defaults.group=mine'])).exitCode, 0)
    const group = async (of: typeof az) =>
      (await of(['config', 'get', 'defaults'])).json<{ value: string }[]>()[0]?.value
    assert.equal(await group(az), 'mine')
    assert.equal(await group((await azLane(suite, t)).az), undefined)
  })

  test(`az of Debian ${suite} reaches the host's loopback, and no proxy but the one it is given`, {
    skip: lanesMissing,
  }, async t => {
    const seen: string[] = []
    const server = createServer((request, response) => {
      seen.push(request.url ?? '')
      response.end('{"answer":42}')
    }).listen(0, '127.0.0.1')
    t.after(() => server.close())
    await new Promise(resolve => server.once('listening', resolve))
    const origin = `http://localhost:${(server.address() as AddressInfo).port}`
    const { az } = await azLane(suite, t)
    const rest = (url: string) => ['rest', '--skip-authorization-header', '--url', url]
    assert.deepEqual((await az(rest(`${origin}/direct`))).json(), { answer: 42 })
    assert.deepEqual((await az(rest('http://nowhere.example/x'), { env: { HTTP_PROXY: origin } })).json(), {
      answer: 42,
    })
    assert.deepEqual(seen, ['/direct', 'http://nowhere.example/x'])
  })

  test(`Python of Debian ${suite} has the Azure SDK and resolves names below localhost`, {
    skip: lanesMissing,
  }, async t => {
    const { python } = await azLane(suite, t)
    const program = `
import json, os, socket, azure.identity
found = sorted({a[4][0] for a in socket.getaddrinfo('management.lazuli.localhost', 443)})
print(json.dumps({'loopback': any(a in ('127.0.0.1', '::1') for a in found), 'given': os.environ['GIVEN']}))
`
    assert.deepEqual((await python(program, { env: { GIVEN: 'yes' } })).json(), { loopback: true, given: 'yes' })
  })

  test(`a failing az of Debian ${suite} gives its exit code and says why`, { skip: lanesMissing }, async t => {
    const { az } = await azLane(suite, t)
    const failed = await az(['account', 'show'])
    assert.equal(failed.exitCode, 1)
    assert.throws(() => failed.json(), /az account show ended with 1: .*az login/s)
  })

  test(`what Debian ${suite}'s commands say is heard while they run`, { skip: lanesMissing }, async t => {
    const { python, home } = await azLane(suite, t)
    const program = `
import os, sys, time
print('waiting', file=sys.stderr, flush=True)
while not os.path.exists('go'): time.sleep(0.01)
print('"gone on"')
`
    const onStderr = (said: string) => said.includes('waiting') && writeFileSync(join(home, 'go'), '')
    assert.equal((await python(program, { onStderr })).json(), 'gone on')
  })
}
