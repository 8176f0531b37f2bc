import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { handlerPackage } from '../../../../test/handler-package.ts'
import { machineToken } from '../../../agent/identity.ts'
import { resourceId } from '../../../wire/resource-id.ts'
import { systemGrant } from '../../access/grant.ts'
import { storedExtensionOf } from '../../resources/microsoft.compute/extensions/stored-extension.ts'
import { openAgentRig } from './testing-agent.ts'

const arrange = systemGrant('arrange a test')

const tools = (type: string, more: object = {}) => ({
  publisher: 'Contoso.Tools',
  type,
  typeHandlerVersion: '1.0',
  ...more,
})
const done = 'echo "$seq" >> "$PLACE/runs"; status success 0 done'

test('the agent finds layout, settings and environment as Azure’s agent leaves them', async t => {
  const { startAgent, publish, apply, read, folder } = await openAgentRig(t)
  startAgent()
  await publish('Contoso.Tools.Greeter__1.0.2.zip', handlerPackage({ enable: `env | sort > "$PLACE/env"; ${done}` }))
  assert.equal((await apply('greet', tools('Greeter', { settings: { name: 'ann' } }))).status, 'Succeeded')

  const handler = 'lib/Contoso.Tools.Greeter-1.0.2'
  assert.deepEqual(JSON.parse(await read(`${handler}/config/0.settings`)), {
    runtimeSettings: [
      {
        handlerSettings: {
          publicSettings: { name: 'ann' },
          protectedSettings: null,
          protectedSettingsCertThumbprint: null,
        },
      },
    ],
  })
  const logs = `${folder}/log/Contoso.Tools.Greeter`
  assert.deepEqual(JSON.parse(await read(`${handler}/HandlerEnvironment.json`)), [
    {
      name: 'Contoso.Tools.Greeter',
      version: 1,
      handlerEnvironment: {
        logFolder: logs,
        configFolder: `${folder}/${handler}/config`,
        statusFolder: `${folder}/${handler}/status`,
        heartbeatFile: `${folder}/${handler}/heartbeat.log`,
        eventsFolder: `${logs}/events`,
        eventsFolder_preview: `${logs}/events`,
      },
    },
  ])
  const seen = (await read('env')).split('\n')
  for (const variable of [
    'ConfigSequenceNumber=0',
    `AZURE_GUEST_AGENT_EXTENSION_PATH=${folder}/${handler}`,
    'AZURE_GUEST_AGENT_EXTENSION_VERSION=1.0.2',
    'AZURE_GUEST_AGENT_UNINSTALL_CMD_EXIT_CODE=NOT_RUN',
  ])
    assert.ok(seen.includes(variable), variable)
  assert.equal(await read(`${handler}/config/HandlerState`), 'Enabled')
  assert.match(await read('log/Contoso.Tools.Greeter/CommandExecution.log'), /enable\.sh: exit code 0/)
})

test('waagent.log says what was installed, updated, enabled and removed, in the lines of Azure’s agent', async t => {
  const { startAgent, publish, apply, read, vm, finish } = await openAgentRig(t)
  startAgent()
  await publish('Contoso.Tools.Greeter__1.0.2.zip', handlerPackage({ enable: done }))
  await apply('greet', tools('Greeter', { autoUpgradeMinorVersion: true }))
  await publish('Contoso.Tools.Greeter__1.1.0.zip', handlerPackage({ enable: 'exit 7' }))
  const again = tools('Greeter', { autoUpgradeMinorVersion: true, forceUpdateTag: 'again' })
  assert.equal((await apply('greet', again)).status, 'Failed')
  assert.equal((await finish('DELETE', `${vm}/extensions/greet`)).status, 'Succeeded')
  const lines = (await read('var/log/waagent.log')).split('\n')
  const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z /
  assert.ok(lines.slice(0, -1).every(line => time.test(line)))
  const said = lines.map(line => line.replace(time, '').replace(/(incarnation|duration=).*?(?=\]|$)/, '$1'))
  const [old, newer] = ['1.0.2', '1.1.0'].map(version => `INFO ExtHandler [Contoso.Tools.Greeter-${version}]`)
  for (const expected of [
    `${old} Target handler state: enabled [incarnation]`,
    `${old} [Enable] current handler state is: notinstalled`,
    `${old} Install extension: [install.sh]`,
    `${old} Enable extension: [enable.sh]`,
    `${old} Disable extension: [disable.sh]`,
    `${newer} Update extension: [update.sh]`,
    `${old} Uninstall extension: [uninstall.sh]`,
    `${newer} Target handler state: uninstall`,
  ])
    assert.ok(said.includes(expected), `${expected}\n${said.join('\n')}`)
  assert.match(
    said.join('\n'),
    /ERROR ExtHandler \[Contoso.*-1\.1\.0\] Event: name=Contoso.*, op=Enable, message=.*exit code: 7/,
  )
})

test('what belongs into the settings is refused beside them', async t => {
  const { put, publish } = await openAgentRig(t)
  await publish('Contoso.Tools.Greeter__1.0.2.zip', handlerPackage({ enable: done }))
  const answer = await put('greet', tools('Greeter', { settings: {}, authenticationSettings: { msiClientId: 'x' } }))
  assert.equal(answer.status, 400)
  assert.deepEqual(answer.body, {
    error: {
      code: 'BadRequest',
      message:
        "Could not find member 'authenticationSettings' on object of type 'VMExtensionProperties'. Path 'properties.authenticationSettings'. Put 'authenticationSettings' into 'properties.settings'.",
    },
  })
})

test('a handler without settings finds an empty file', async t => {
  const { startAgent, publish, apply, read } = await openAgentRig(t)
  startAgent()
  await publish('Contoso.Tools.Greeter__1.0.2.zip', handlerPackage({ enable: done }))
  assert.equal((await apply('greet', tools('Greeter'))).status, 'Succeeded')
  assert.equal(await read('lib/Contoso.Tools.Greeter-1.0.2/config/0.settings'), '')
})

test('settings are applied again when they change, fail, hold a secret or are tagged, and not otherwise', async t => {
  const { startAgent, publish, apply, read } = await openAgentRig(t)
  startAgent()
  await publish('Contoso.Tools.Greeter__1.0.zip', handlerPackage({ enable: done }))
  const steps: [change: object, runs: string][] = [
    [{ settings: { n: 1 } }, '0'],
    [{ settings: { n: 1 } }, '0'],
    [{ settings: { n: 2 } }, '0 1'],
    [{ settings: { n: 2 }, forceUpdateTag: 'a' }, '0 1 2'],
    [{ settings: { n: 2 }, forceUpdateTag: 'a' }, '0 1 2'],
    [{ settings: { n: 2 }, forceUpdateTag: 'a', protectedSettings: { s: 1 } }, '0 1 2 3'],
    [{ settings: { n: 2 }, forceUpdateTag: 'a', protectedSettings: { s: 1 } }, '0 1 2 3 4'],
  ]
  for (const [change, runs] of steps) {
    assert.equal((await apply('greet', tools('Greeter', change))).status, 'Succeeded')
    assert.equal((await read('runs')).trim().replaceAll('\n', ' '), runs)
  }
})

test('a command that hangs is killed with all that it started, and the request hears of it', async t => {
  const { startAgent, publish, apply, read } = await openAgentRig(t)
  startAgent({ limits: { enable: 0.3 } })
  const enable = 'sleep 7654 & echo $! > "$PLACE/child"; echo waiting; sleep 7654'
  await publish('Contoso.Tools.Slow__1.0.zip', handlerPackage({ enable }))
  const { status, error } = await apply('slow', tools('Slow'))
  assert.equal(status, 'Failed')
  assert.equal(error?.code, 'VMExtensionHandlerNonTransientError')
  assert.match(error?.message ?? '', /Timeout\(0\.3\): .*enable\.sh\n\[stdout\]\nwaiting/)
  const child = Number(await read('child'))
  for (let tries = 0; tries < 500 && isAlive(child); tries++) await new Promise(resolve => setImmediate(resolve))
  assert.equal(isAlive(child), false)
})

test('what a handler leaves running in the background goes on and keeps nobody waiting', async t => {
  const { startAgent, publish, apply, read } = await openAgentRig(t)
  startAgent()
  const enable = 'sleep 7655 & echo $! > "$PLACE/child"; status success 0 done'
  await publish('Contoso.Tools.Daemon__1.0.zip', handlerPackage({ enable }))
  assert.equal((await apply('daemon', tools('Daemon'))).status, 'Succeeded')
  const child = Number(await read('child'))
  assert.equal(isAlive(child), true)
  process.kill(child, 'SIGKILL')
})

test('an extension comes after those that it depends on, and not at all when one of them fails', async t => {
  const { startAgent, publish, put, apply, read, finish, vm, send } = await openAgentRig(t)
  await publish(
    'Contoso.Tools.First__1.0.zip',
    handlerPackage({ enable: 'echo first >> "$PLACE/order"; status success 0 done' }),
  )
  await publish(
    'Contoso.Tools.Second__1.0.zip',
    handlerPackage({ enable: 'echo second >> "$PLACE/order"; status success 0 done' }),
  )
  await publish('Contoso.Tools.Third__1.0.zip', handlerPackage({ enable: 'status error 5 broken' }))
  await publish('Contoso.Tools.Fourth__1.0.zip', handlerPackage({ enable: 'echo fourth >> "$PLACE/order"' }))
  await put('second', tools('Second', { provisionAfterExtensions: ['first'] }))
  await put('fourth', tools('Fourth', { provisionAfterExtensions: ['third'] }))
  const third = finish('PUT', `${vm}/extensions/third`, { properties: tools('Third') })
  const first = finish('PUT', `${vm}/extensions/first`, { properties: tools('First') })
  // All are on record before the agent looks.
  await send('GET', vm)
  startAgent()
  assert.equal((await first).status, 'Succeeded')
  assert.equal((await third).status, 'Failed')
  assert.equal((await apply('second', tools('Second', { provisionAfterExtensions: ['first'] }))).status, 'Succeeded')
  const fourth = await apply('fourth', tools('Fourth', { provisionAfterExtensions: ['third'] }))
  assert.match(JSON.stringify(fourth), /dependent extension third failed/)
  assert.equal(await read('order'), 'first\nsecond\n')
})

test('a package that leads out of its folder, or is no package, changes nothing', async t => {
  const { startAgent, publish, apply } = await openAgentRig(t)
  startAgent()
  const linked = handlerPackage({ files: [{ path: 'etc', content: '/etc', mode: 0o120777 }] })
  await publish('Contoso.Tools.Link__1.0.zip', linked)
  const { error } = await apply('link', tools('Link'))
  assert.match(error?.message ?? '', /cannot be unpacked: 'etc' is a link/)
})

test('only the machine itself is heard', async t => {
  const { ask, machineId, key, lazuli, vm, send } = await openAgentRig(t)
  assert.equal((await ask('GET', '/goal-state')).status, 200)
  const stranger = generateKeyPairSync('ed25519').privateKey
  const now = Date.now()
  const [head = '', claims = ''] = machineToken({ machineId, key }, now).split('.')
  const unsigned = Buffer.from('{"typ":"JWT","alg":"none"}').toString('base64url')
  const refused = [
    machineToken({ machineId, key: stranger }, now),
    machineToken({ machineId: '11111111-2222-4333-8444-555555555555', key }, now),
    machineToken({ machineId, key }, now - 3_600_000),
    machineToken({ machineId, key }, now + 3_600_000),
    `${unsigned}.${claims}.`,
    `${head}.${claims}.`,
    'x',
    await lazuli.adminToken(),
  ]
  for (const token of refused) assert.equal((await ask('GET', '/goal-state', { token })).status, 401, token)
  // A clock that was moved for a certificate's sake does not lock machines out.
  lazuli.clock.forwardBy(90 * 86_400_000)
  assert.equal((await ask('GET', '/goal-state')).status, 200)
  lazuli.clock.forwardBy(-90 * 86_400_000)

  assert.equal((await send('DELETE', vm)).status, 202)
  while ((await send('GET', vm)).status !== 404) await new Promise(resolve => setImmediate(resolve))
  assert.equal((await ask('GET', '/goal-state')).status, 401)
})

test('a machine sees its own packages and nobody else’s', async t => {
  const { ask, publish, put } = await openAgentRig(t)
  await publish('Contoso.Tools.Greeter__1.0.zip', handlerPackage({ enable: done }))
  assert.equal((await ask('GET', '/packages/Contoso.Tools.Greeter/1.0')).status, 404)
  await put('greet', tools('Greeter'))
  assert.equal((await ask('GET', '/packages/Contoso.Tools.Greeter/1.0')).status, 200)
})

test('a report that root in the machine made up breaks nothing, and does not make an extension grow', async t => {
  const { ask, publish, put, send, lazuli, vm } = await openAgentRig(t)
  await publish('Contoso.Tools.Greeter__1.0.zip', handlerPackage({ enable: done }))
  await put('greet', tools('Greeter'))
  const { id } = (await send('GET', `${vm}/extensions/greet`)).body
  const resource = await lazuli.store.resources.get(arrange, resourceId(id))
  const { incarnation, sequenceNumber, version } = storedExtensionOf(resource ?? assert.fail())
  const formattedMessage = { lang: 'en', message: 'x'.repeat(60_000) }
  const report = (name: string, substatus: number) => ({
    ...{ agentVersion: '1', goalState: '', computerName: 'vm', os: { name: 'x', version: '1' } },
    ...{ hostKeys: [], addresses: [] },
    handlers: [
      {
        ...{ name, handler: 'Contoso.Tools.Greeter', version, incarnation, sequenceNumber },
        ...{ status: 'Ready', code: 0, message: '' },
        extension: {
          timestampUTC: '',
          status: {
            ...{ status: 'success', code: 0, formattedMessage },
            substatus: Array.from({ length: substatus }, () => ({
              ...{ name: 'n', status: 'success', code: 0, formattedMessage },
            })),
          },
        },
      },
    ],
  })
  for (const name of ['\ud800', '', '../x', 'a/b']) {
    assert.equal((await ask('POST', '/report', { body: report(name, 0) })).status, 204, JSON.stringify(name))
  }
  assert.equal((await ask('POST', '/report', { body: report('greet', 1) })).status, 204)
  assert.equal((await ask('POST', '/report', { body: report('greet', 50) })).status, 413)
})

/** A process that nobody has collected yet has ended all the same. */
function isAlive(pid: number): boolean {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}
