import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import '../deadline.ts'
import { limits } from './rig.ts'
import { openVmAccess, refused, succeeded, type VmAccess } from './vm-access-rig.ts'

const password = 'Correct-horse-1'

async function makeKey({ at }: VmAccess): Promise<{ identity: string; line: string }> {
  const identity = join(at.folder, 'new-key')
  await promisify(execFile)('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'key', '-f', identity])
  return { identity, line: (await readFile(`${identity}.pub`, 'utf8')).trim() }
}

test(
  'a key opens the machine for who should have changed a password, and takes nothing else from the account',
  limits,
  async t => {
    const vm = await openVmAccess(t)
    const { identity, line } = await makeKey(vm)
    const ages = { forced: '-d 0', overdue: '-d 2020-01-01 -M 30', inactive: '-d 2020-01-01 -M 30 -I 5' }
    for (const [user, age] of Object.entries(ages)) {
      await vm.sh(`useradd -m -s /bin/bash ${user}; echo ${user}:${password} | chpasswd; chage ${age} ${user}`)
      const fields = async () => (await vm.sh(`getent shadow ${user}`)).split(':').toSpliced(2, 1)
      const before = await fields()
      const { substatus } = succeeded(await vm.enable({ username: user, ssh_key: line }))
      assert.match(JSON.stringify(substatus), /was overdue for a change/)
      assert.equal(await vm.ssh('id -un', { user, identity }), user)
      assert.deepEqual(await fields(), before)
    }
  },
)

test('who is given a key while sshd gets its former configuration back is let in by it', limits, async t => {
  const vm = await openVmAccess(t)
  const { identity, line } = await makeKey(vm)
  const config = () => vm.sh('cd /etc/ssh; sha256sum sshd_config sshd_config.d/*')
  await vm.sh(`echo 'AllowUsers azureuser' > /etc/ssh/sshd_config.d/10-hardening.conf; systemctl reload ssh`)
  const before = await config()
  succeeded(await vm.enable({ reset_ssh: true, username: 'bob', password }))
  assert.equal(await vm.ssh('id -un', { user: 'bob', password }), 'bob')

  succeeded(await vm.enable({ restore_backup_ssh: true, username: 'carol', ssh_key: line }))
  assert.equal(await vm.ssh('id -un', { user: 'carol', identity }), 'carol')
  assert.equal((await config()).replace(/^.*00-lazuli-vm-access.conf\n/m, ''), before)

  await vm.sh('echo "DenyUsers dave" > /etc/ssh/sshd_config.d/11-deny.conf')
  succeeded(await vm.enable({ username: 'carol', password }))
  assert.match(
    refused(await vm.enable({ restore_backup_ssh: true, username: 'dave', ssh_key: line })),
    /turns dave away because of denyusers.*All changes have been undone\.$/,
  )
  assert.equal((await vm.exec(['id', 'dave'])).exitCode, 1)
  assert.equal(await vm.ssh('id -un', { user: 'carol', password }), 'carol')
})

test('all keys of a user go only where a password stays', limits, async t => {
  const vm = await openVmAccess(t)
  const rotate = { username: 'azureuser', expiration: '2040-02-29', remove_prior_keys: true }
  assert.match(refused(await vm.enable(rotate)), /would leave azureuser no way to sign in/)
  assert.equal(await vm.ssh('id -un', { user: 'azureuser' }), 'azureuser')
  succeeded(await vm.enable({ username: 'azureuser', password }))
  succeeded(await vm.enable(rotate))
  await assert.rejects(vm.ssh('true', { user: 'azureuser' }), /Permission denied/)
  assert.equal(await vm.ssh('id -un', { user: 'azureuser', password }), 'azureuser')
})
