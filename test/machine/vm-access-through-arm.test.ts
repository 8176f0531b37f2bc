import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import '../deadline.ts'
import { packageExtension } from '../../package-extensions.ts'
import { filesBelow, zip } from '../../src/server/extensions/write-zip.ts'
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

test('a repair beyond what an agent waits for is transitioning, and ends the request at its end', limits, async t => {
  const { put, ended, sh, get, publish } = await openRig(t)
  const built = await mkdtemp(join(tmpdir(), 'lazuli-'))
  t.after(() => rm(built, { recursive: true }))
  await packageExtension('vm-access', built, join(import.meta.dirname, 'vm-access-impatient.ts'))
  await publish('Microsoft.OSTCExtensions.VMAccessForLinux__1.5.99.zip', zip(filesBelow(built)))
  // A sandbox has no disks but those that look so: what it says of them is the checker's own affair.
  const checker = '#!/bin/sh\nwhile ! test -e /root/go; do sleep 0.05; done\necho "$@" >> /root/checked; exit 1\n'
  await sh(`mknod /dev/sdc1 b 7 99; printf '${checker}' > /usr/local/sbin/e2fsck; chmod 755 /usr/local/sbin/e2fsck`)

  const settings = { repair_disk: true, disk_name: 'sdc1' }
  const answer = await put('enablevmaccess', { ...vmAccess, settings })
  const view = async () => (await get('/extensions/enablevmaccess?$expand=instanceView')).body.properties
  const handler = async () =>
    (await get('?$expand=instanceView')).body.properties.instanceView.vmAgent.extensionHandlers
  // The command has ended, and the disk is still being looked after.
  while ((await handler())?.[0]?.status.displayStatus !== 'Ready') await pause(50)
  const { provisioningState, instanceView } = await view()
  assert.equal(provisioningState, 'Creating')
  assert.deepEqual(
    [instanceView.statuses[0].code, instanceView.statuses[0].message],
    ['ProvisioningState/transitioning', 'The disk is being looked after.'],
  )
  // An agent that starts anew enables once more, which begins no second repair.
  await sh('systemctl restart lazuli-agent; sleep 1; touch /root/go')
  const { status, error } = await ended(answer)
  assert.equal(status, 'Succeeded', error?.message)
  assert.match(
    (await view()).instanceView.substatuses[0].message,
    /^\/dev\/sdc1 is sound again \(e2fsck ended with 1\)/,
  )
  assert.equal(await sh('cat /root/checked'), '-f -y /dev/sdc1')
})
