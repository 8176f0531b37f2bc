import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseManifest } from './manifest.ts'

const commands = {
  installCommand: 'bin/install.sh',
  enableCommand: 'bin/shim.sh -enable',
  updateCommand: 'bin/update.sh',
  disableCommand: 'bin/disable.sh',
  uninstallCommand: 'bin/uninstall.sh',
}
const manifest = (more: object = {}) => JSON.stringify([{ version: 1.0, handlerManifest: { ...commands, ...more } }])

test('a manifest in the form of Azure’s packages is read, with flags as texts, too', () => {
  assert.deepEqual(parseManifest(`\uFEFF${manifest({ reportHeartbeat: 'True', continueOnUpdateFailure: 'yes' })}`), {
    install: 'bin/install.sh',
    enable: 'bin/shim.sh -enable',
    update: 'bin/update.sh',
    disable: 'bin/disable.sh',
    uninstall: 'bin/uninstall.sh',
    reportHeartbeat: true,
    continueOnUpdateFailure: false,
    updateMode: 'UpdateWithInstall',
  })
  assert.equal(parseManifest(manifest({ updateMode: 'UpdateWithoutInstall' })).updateMode, 'UpdateWithoutInstall')
})

for (const text of [
  '',
  '[]',
  '{}',
  '[{"handlerManifest":{}}]',
  manifest({ enableCommand: undefined }),
  manifest({ enableCommand: 7 }),
]) {
  test(`${text.slice(0, 40) || 'nothing'} is no manifest`, () => {
    assert.throws(() => parseManifest(text), { name: 'HandlerFailure', code: 1003 })
  })
}
