import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import '../deadline.ts'
import { openRig } from './extension-rig.ts'
import { limits } from './rig.ts'

const vmAccess = {
  publisher: 'Microsoft.OSTCExtensions',
  type: 'VMAccessForLinux',
  typeHandlerVersion: '1.5',
  settings: {},
}

test('an administrator is made, and another refused, by what the CLI sends for a machine', limits, async t => {
  const { apply, sh, get, put } = await openRig(t)
  const folder = await mkdtemp(join(tmpdir(), 'lazuli-'))
  t.after(() => rm(folder, { recursive: true }))
  await promisify(execFile)('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, 'key')])
  const key = await readFile(join(folder, 'key.pub'), 'utf8')
  for (const username of ['ann', 'bob', 'cid']) {
    const { status, error, ms } = await apply('enablevmaccess', {
      ...vmAccess,
      protectedSettings: { username, ssh_key: key },
    })
    assert.equal(status, 'Succeeded', error?.message)
    assert.equal(await sh(`cat /home/${username}/.ssh/authorized_keys`), key.trim())
    t.diagnostic(`from PUT to Succeeded: ${ms.toFixed(0)} ms`)
  }
  const { vmAgent } = (await get('?$expand=instanceView')).body.properties.instanceView
  assert.equal(vmAgent.extensionHandlers[0].status.displayStatus, 'Ready')

  const refused = await apply('enablevmaccess', {
    ...vmAccess,
    protectedSettings: { username: 'daemon', password: 'Correct-horse-1' },
  })
  assert.equal(refused.status, 'Failed')
  assert.match(refused.error?.message ?? '', /Failed to set password for system user: daemon \(0x06\)/)

  const second = await put('vmaccess', { ...vmAccess, protectedSettings: { username: 'dan', ssh_key: key } })
  assert.equal(second.status, 400)
  assert.deepEqual(second.body.error, {
    code: 'BadRequest',
    message:
      "Multiple VMExtensions per handler not supported for OS type 'Linux'. VMExtension 'vmaccess' with handler 'Microsoft.OSTCExtensions.VMAccessForLinux' already added or specified in input.",
  })
  const { body } = await get('?$expand=instanceView')
  assert.equal(body.resources[0].name, 'enablevmaccess')
  assert.equal(body.properties.instanceView.extensions[0].type, 'Microsoft.OSTCExtensions.VMAccessForLinux')
})
