import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import '../deadline.ts'
import { handlerPackage } from '../handler-package.ts'
import { startLazuli } from '../start.ts'
import { openRig, version } from './extension-rig.ts'
import { limits } from './rig.ts'

test('an extension is fetched, installed and enabled, and its status comes back', limits, async t => {
  const { publish, apply, get, sh } = await openRig(t)
  const enable = 'cp "config/$seq.settings" /root/settings; echo "enabled $seq" >> /root/runs; status success 0 done'
  await publish('Contoso.Tools.Greeter__1.0.3.zip', handlerPackage({ install: 'echo installed >> /root/runs', enable }))
  const greeter = { publisher: 'Contoso.Tools', type: 'Greeter', typeHandlerVersion: '1.0' }

  const first = await apply('greet', { ...greeter, settings: { name: 'ann' } })
  assert.equal(first.status, 'Succeeded', JSON.stringify(first))
  assert.equal(await sh('cat /root/runs'), 'installed\nenabled 0')
  t.diagnostic(`first: ${first.ms.toFixed(0)} ms`)

  const second = await apply('greet', { ...greeter, settings: { name: 'bob' } })
  assert.equal(second.status, 'Succeeded')
  assert.equal(await sh('cat /root/runs'), 'installed\nenabled 0\nenabled 1')
  t.diagnostic(`second: ${second.ms.toFixed(0)} ms`)
  const { body } = await get('/extensions/greet?$expand=instanceView')
  assert.equal(body.properties.provisioningState, 'Succeeded')
  assert.equal(body.properties.instanceView.statuses[0].message, 'done')
})

test('a command runs in the machine as root, and what it says comes back', limits, async t => {
  const { invoke, vm, get } = await openRig(t)
  const script = ['echo "$1 $second"', 'id -un', 'echo problem >&2']
  const parameters = [
    { name: 'first', value: 'a b' },
    { name: 'second', value: '$(id)' },
  ]
  const { status, properties } = await invoke({ commandId: 'RunShellScript', script, parameters })
  assert.equal(status, 'Succeeded')
  assert.deepEqual(properties?.output, {
    value: [
      {
        code: 'ProvisioningState/succeeded',
        level: 'Info',
        displayStatus: 'Provisioning succeeded',
        message: 'Enable succeeded: \n[stdout]\na b $(id)\nroot\n\n[stderr]\nproblem\n',
      },
    ],
  })
  const failed = await invoke({ commandId: 'RunShellScript', script: ['#!/bin/bash', 'echo out', 'exit 7'] })
  assert.equal(failed.error?.code, 'VMExtensionProvisioningError')
  assert.match(failed.error?.message ?? '', /exit status=7\n\[stdout\]\nout\n/)

  const { body } = await get('?$expand=instanceView')
  assert.equal(body.properties.instanceView.vmAgent.statuses[0].displayStatus, 'Ready', vm)
})

test('secrets reach the extension, and nobody else ever sees them', limits, async t => {
  const { publish, put, apply, get, sh, lazuli } = await openRig(t)
  const decrypt = `
thumbprint=$(sed 's/.*"protectedSettingsCertThumbprint":"\\([0-9A-F]*\\)".*/\\1/' "config/$seq.settings")
sed 's/.*"protectedSettings":"\\([^"]*\\)".*/\\1/' "config/$seq.settings" | base64 -d |
  openssl cms -inform DER -decrypt -recip "/var/lib/waagent/$thumbprint.crt" -inkey "/var/lib/waagent/$thumbprint.prv" > /root/secret
status success 0 done`
  await publish('Contoso.Tools.Keeper__2.1.zip', handlerPackage({ enable: decrypt }))
  const keeper = { publisher: 'Contoso.Tools', type: 'Keeper', typeHandlerVersion: '2.1' }
  const secret = { password: 'correct horse battery' }
  assert.equal((await apply('keep', { ...keeper, protectedSettings: secret })).status, 'Succeeded')
  assert.deepEqual(JSON.parse(await sh('cat /root/secret')), secret)

  const again = await put('keep', { ...keeper, protectedSettings: secret })
  const shown = JSON.stringify([again.body, (await get('/extensions/keep')).body, (await get('')).body])
  assert.doesNotMatch(shown, /correct horse|protectedSettings/)
  assert.doesNotMatch(lazuli.server.log(), /correct horse/)
  assert.equal(await sh('grep -rl "correct horse" /var/lib/waagent /var/log/azure /var/lib/lazuli || true'), '')
  assert.equal(await sh('stat -c %a /var/lib/waagent/*.prv /etc/lazuli/agent.json'), '600\n600')
})

test('an extension that fails, hangs or says nonsense ends the request with what it said', limits, async t => {
  const { publish, apply, get } = await openRig(t)
  const cases: [name: string, enable: string, code: string, message: RegExp][] = [
    ['Says', "status error 42 'no such disk'", 'VMExtensionProvisioningError', /Error message: 'no such disk'/],
    [
      'Exits',
      'echo hello; echo trouble >&2; exit 3',
      'VMExtensionHandlerNonTransientError',
      /Non-zero exit code: 3, .*enable.sh\n\[stdout\]\nhello\n\n\n\[stderr\]\ntrouble/,
    ],
    ['Odd', 'status fine 0 hello', 'VMExtensionProvisioningError', /Error message: 'hello'/],
  ]
  for (const [type, enable] of cases) await publish(`Contoso.Tools.${type}__1.0.zip`, handlerPackage({ enable }))
  for (const [type, , code, message] of cases) {
    const properties = { publisher: 'Contoso.Tools', type, typeHandlerVersion: '1.0' }
    const { status, error } = await apply(type, properties)
    assert.equal(status, 'Failed', type)
    assert.equal(error?.code, code, type)
    assert.match(error?.message ?? '', message, type)
    assert.equal((await get(`/extensions/${type}`)).body.properties.provisioningState, 'Failed')
    // Whoever says that failures do not matter to him is told of them, and goes on.
    assert.equal((await apply(type, { ...properties, suppressFailures: true })).status, 'Succeeded')
  }
  const { body } = await get('/extensions/Says?$expand=instanceView')
  const [first, ...more] = body.properties.instanceView.statuses
  assert.deepEqual(more, [])
  assert.equal(first.code, 'ProvisioningState/failed/42')
  assert.equal(first.displayStatus, 'Provisioning failed')
})

test('a newer version takes over from an older one, and a deleted extension leaves the machine', limits, async t => {
  const { publish, apply, sh, lazuli, vm, ended, get } = await openRig(t)
  const log = (name: string) =>
    `echo "${name} $(basename "$PWD") $VERSION $AZURE_GUEST_AGENT_UNINSTALL_CMD_EXIT_CODE" >> /root/log`
  const commands = Object.fromEntries(
    ['install', 'enable', 'update', 'disable', 'uninstall'].map(name => [name, log(name)]),
  )
  const noted = { ...commands, enable: `${log('enable')}; echo $seq > mrseq; status success 0 done` }
  for (const version of ['1.0.0', '1.1.0'])
    await publish(`Contoso.Tools.Greeter__${version}.zip`, handlerPackage(noted))
  const greeter = { publisher: 'Contoso.Tools', type: 'Greeter', settings: { a: 1 } }
  assert.equal((await apply('greet', { ...greeter, typeHandlerVersion: '1.0' })).status, 'Succeeded')
  assert.equal((await apply('greet', { ...greeter, typeHandlerVersion: '1.1' })).status, 'Succeeded')
  const folder = (version: string) => `Contoso.Tools.Greeter-${version}`
  assert.deepEqual((await sh('cat /root/log; cat /var/lib/waagent/Contoso.Tools.Greeter-1.1.0/mrseq')).split('\n'), [
    `install ${folder('1.0.0')}  NOT_RUN`,
    `enable ${folder('1.0.0')}  NOT_RUN`,
    `disable ${folder('1.0.0')}  `,
    `update ${folder('1.1.0')} 1.0.0 `,
    `uninstall ${folder('1.0.0')}  `,
    `install ${folder('1.1.0')}  0`,
    `enable ${folder('1.1.0')}  0`,
    '0',
  ])
  assert.equal(
    (await get('?$expand=instanceView')).body.properties.instanceView.extensions[0].typeHandlerVersion,
    '1.1.0',
  )

  const deletion = await lazuli.arm('DELETE', `${vm}/extensions/greet?api-version=2024-11-01`)
  assert.equal(deletion.status, 202)
  assert.equal((await ended(deletion)).status, 'Succeeded')
  assert.equal((await get('/extensions/greet')).status, 404)
  assert.equal(
    await sh('tail -2 /root/log; ls -d /var/lib/waagent/Contoso* 2>/dev/null || true'),
    `disable ${folder('1.1.0')}  \nuninstall ${folder('1.1.0')}`,
  )
})

test('what a machine missed while it was off, or its agent or the server away, is done once', limits, async t => {
  const { publish, put, ended, sh, lazuli, vm, apply, get } = await openRig(t)
  const enable =
    'test -e mrseq && test "$(cat mrseq)" -ge "$seq" && exit 0; echo "$seq" >> /root/runs; echo "$seq" > mrseq; status success 0 "run $seq"'
  await publish('Contoso.Tools.Once__1.0.zip', handlerPackage({ enable: enable }))
  const once = { publisher: 'Contoso.Tools', type: 'Once', typeHandlerVersion: '1.0' }
  const power = async (name: string) => {
    const answer = await lazuli.arm('POST', `${vm}/${name}?api-version=2024-11-01`)
    assert.equal((await ended(answer)).status, 'Succeeded')
  }
  assert.equal((await apply('once', { ...once, settings: { n: 0 } })).status, 'Succeeded')

  await power('powerOff')
  const whileOff = await put('once', { ...once, settings: { n: 1 } })
  await power('start')
  assert.equal((await ended(whileOff)).status, 'Succeeded')

  await sh('systemctl kill --signal=KILL lazuli-agent')
  assert.equal((await apply('once', { ...once, settings: { n: 2 } })).status, 'Succeeded')

  await sh('systemctl stop lazuli-agent')
  const whileStopped = await put('once', { ...once, settings: { n: 3 } })
  await sh('systemctl start lazuli-agent')
  assert.equal((await ended(whileStopped)).status, 'Succeeded')

  await lazuli.kill('SIGKILL')
  await sh('systemctl restart lazuli-agent; sleep 1')
  await lazuli.restart()
  assert.equal((await apply('once', { ...once, settings: { n: 4 } })).status, 'Succeeded')
  assert.equal(await sh('cat /root/runs'), '0\n1\n2\n3\n4')
  assert.equal((await get('/extensions/once')).body.properties.provisioningState, 'Succeeded')
})

test('a command that is a resource keeps what it has said', limits, async t => {
  const { lazuli, vm, ended, get } = await openRig(t)
  const put = (name: string, properties: object) =>
    lazuli.arm('PUT', `${vm}/runCommands/${name}?${version}`, { body: { location: 'westeurope', properties } })
  const made = await put('hello', {
    source: { script: 'echo "hello $who, $token"; exit 4' },
    parameters: [{ name: 'who', value: 'ann' }],
    protectedParameters: [{ name: 'token', value: 'tr0ubador' }],
  })
  assert.equal((await ended(made)).status, 'Succeeded')
  const { body } = await get('/runCommands/hello?$expand=instanceView')
  const { executionState, exitCode, output } = body.properties.instanceView
  assert.deepEqual(
    { executionState, exitCode, output },
    { executionState: 'Failed', exitCode: 4, output: 'hello ann, tr0ubador\n' },
  )
  assert.equal(body.properties.protectedParameters, undefined)

  const strict = await put('strict', { source: { script: 'exit 4' }, treatFailureAsDeploymentFailure: true })
  assert.equal((await ended(strict)).error?.code, 'VMExtensionProvisioningError')
  const slow = await put('slow', { source: { script: 'sleep 60' }, timeoutInSeconds: 1 })
  assert.equal((await ended(slow)).status, 'Succeeded')
  assert.equal(
    (await get('/runCommands/slow?$expand=instanceView')).body.properties.instanceView.executionState,
    'TimedOut',
  )
})

test('a command outlives its agent and the server, is run once, and its outcome is kept', limits, async t => {
  const { lazuli, vm, ended, get, sh } = await openRig(t)
  const script = 'echo begun >> /root/runs; while ! test -e /root/go; do sleep 0.1; done; echo "done as $(id -un)"'
  const properties = { source: { script: `cd; ${script}` }, asyncExecution: true }
  const put = await lazuli.arm('PUT', `${vm}/runCommands/long?${version}`, {
    body: { location: 'westeurope', properties },
  })
  assert.equal((await ended(put)).status, 'Succeeded')
  await sh('while ! test -e /root/runs; do sleep 0.1; done')
  await sh('systemctl kill --kill-whom=main --signal=KILL lazuli-agent')
  await lazuli.kill('SIGKILL')
  await lazuli.restart()
  await sh('touch /root/go')
  const view = async () => (await get('/runCommands/long?$expand=instanceView')).body.properties.instanceView
  while ((await view()).executionState === 'Running') await pause(50)
  const { executionState, exitCode, output } = await view()
  assert.deepEqual(
    { executionState, exitCode, output },
    { executionState: 'Succeeded', exitCode: 0, output: 'done as root\n' },
  )
  assert.equal(await sh('cat /root/runs; ls /var/lib/lazuli/commands/*'), 'begun\nbegun\nexit\nprocess\nresult.json')
})

test('an operator publishes an extension with a command, and finds it in the lists', limits, async t => {
  const lazuli = await startLazuli(t)
  const folder = await mkdtemp(join(tmpdir(), 'lazuli-'))
  t.after(() => rm(folder, { recursive: true }))
  const file = join(folder, 'Contoso.Tools.Greeter__1.2.3.zip')
  await writeFile(file, handlerPackage())
  const published = await lazuli.command(['extension', 'publish', file, '--json'])
  assert.equal(published.exitCode, 0, published.stderr)
  assert.deepEqual(JSON.parse(published.stdout), { publisher: 'Contoso.Tools', type: 'Greeter', version: '1.2.3' })
  const again = await lazuli.command(['extension', 'publish', file])
  assert.equal(again.exitCode, 1)
  assert.match(again.stderr, /is published already/)

  const base = `${lazuli.subscription}/providers/Microsoft.Compute/locations/westeurope/publishers`
  const names = async (path: string) =>
    (await lazuli.arm('GET', `${base}${path}?${version}`)).body.map(({ name }: { name: string }) => name)
  assert.ok((await names('')).includes('Contoso.Tools'))
  assert.ok((await names('')).includes('Microsoft.OSTCExtensions'))
  assert.deepEqual(await names('/Contoso.Tools/artifacttypes/vmextension/types'), ['Greeter'])
  assert.deepEqual(await names('/Contoso.Tools/artifacttypes/vmextension/types/Greeter/versions'), ['1.2.3'])
})
