import assert from 'node:assert/strict'
import { test } from 'node:test'
import '../deadline.ts'
import { handlerPackage } from '../handler-package.ts'
import { openRig } from './extension-rig.ts'
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
