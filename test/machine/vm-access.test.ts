import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import '../deadline.ts'
import { limits } from './rig.ts'
import { handler, openVmAccess, refused, succeeded, type VmAccess } from './vm-access-rig.ts'

const execute = promisify(execFile)

/** Makes a key pair; its private half is at `file`. */
async function makeKey({ at }: VmAccess, name: string, type = 'ed25519'): Promise<{ file: string; line: string }> {
  const file = join(at.folder, name)
  await execute('ssh-keygen', ['-q', '-t', type, '-N', '', '-C', name, '-f', file])
  return { file, line: (await readFile(`${file}.pub`, 'utf8')).trim() }
}

test('a user with a key and a password is made, may use sudo, and gets in with either', limits, async t => {
  const vm = await openVmAccess(t)
  const { file, line } = await makeKey(vm, 'new')
  const password = 'correct horse: "battery"'
  const status = succeeded(await vm.enable({ username: 'myNewUser', ssh_key: `${line}\n`, password }))

  assert.equal(await vm.ssh('id -un', { user: 'myNewUser', identity: file }), 'myNewUser')
  assert.equal(await vm.ssh('id -un', { user: 'myNewUser', password }), 'myNewUser')
  assert.match(await vm.sh('getent passwd myNewUser'), /:\/home\/myNewUser:\/bin\/bash$/)
  assert.match(await vm.sh('sudo -n -l -U myNewUser'), /\(ALL\) ALL$/)
  assert.equal(await vm.sh('stat -c %a:%U:%G /etc/sudoers.d/waagent'), '440:root:root')
  assert.equal(
    await vm.sh('stat -c %a:%U /home/myNewUser/.ssh /home/myNewUser/.ssh/authorized_keys'),
    '700:myNewUser\n600:myNewUser',
  )
  assert.deepEqual(
    status.substatus.map(one => `${one.name} ${one.status}`),
    ['username success', 'password success', 'ssh success', 'ssh_key success', 'sudo success'],
  )
  // Nobody else may sign in with a password because of it.
  assert.match(await vm.sh('sshd -T -C user=azureuser,host=h,addr=1.2.3.4'), /^passwordauthentication no$/m)
  const everything = await vm.sh(
    `cat ${handler}/config/* ${handler}/status/* /var/log/azure/*/extension.log /var/lib/lazuli/vm-access/journal.json`,
  )
  assert.ok(!everything.includes('battery'), everything)
  assert.equal(await vm.sh(`cat ${handler}/mrseq`), '0')
})

test('a system account, and a run without password and key, are refused in the words of Azure', limits, async t => {
  const vm = await openVmAccess(t)
  assert.equal(
    refused(await vm.enable({ username: 'daemon', password: 'Correct-horse-1' })),
    'Enable failed: Failed to create the account or set the password with Failed to set password for system user: daemon (0x06).',
  )
  assert.equal(refused(await vm.enable({ username: 'bob' })), 'Enable failed: No password or ssh_key is specified.')
})
