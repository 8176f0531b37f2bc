/**
 * The commands of the article "VMAccess Extension for Linux", letter for letter, by the real az, on a real machine. One
 * is mended: a line of `az vm extension set` misses the backslash at its end.
 */

import assert from 'node:assert/strict'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import '../deadline.ts'
import { expect, machineBody, machineId, machineVersion, madeMachine, newGroup } from '../contract/arrange.ts'
import { azEnvironment, lanesMissing, warmAzLane } from '../contract/az.ts'
import { shellInside, typedInto } from '../contract/curl.ts'
import { startLazuli } from '../start.ts'
import { ssh } from './rig.ts'
import { newKey } from './ssh-key.ts'

const article = {
  updateKey: `az vm user update \\
  --resource-group myResourceGroup \\
  --name myVM \\
  --username azureUser \\
  --ssh-key-value ~/.ssh/id_rsa.pub`,
  updatePassword: `az vm user update \\
  --resource-group myResourceGroup \\
  --name myVM \\
  --username azureUser \\
  --password myNewPassword`,
  resetSsh: `az vm user reset-ssh \\
  --resource-group myResourceGroup \\
  --name myVM`,
  newUser: `az vm user update \\
  --resource-group myResourceGroup \\
  --name myVM \\
  --username myNewUser \\
  --ssh-key-value ~/.ssh/id_rsa.pub`,
  deleteUser: `az vm user delete \\
  --resource-group myResourceGroup \\
  --name myVM \\
  --username myNewUser`,
  inline: `az vm extension set \\
  --resource-group myResourceGroup \\
  --vm-name myVM \\
  --name VMAccessForLinux \\
  --publisher Microsoft.OSTCExtensions \\
  --version 1.5 \\
  --settings '{"check_disk":true}' \\
  --protected-settings '{"username":"user1","password":"userPassword"}'`,
  file: `az vm extension set \\
  --resource-group myResourceGroup \\
  --vm-name myVM \\
  --name VMAccessForLinux \\
  --publisher Microsoft.OSTCExtensions \\
  --version 1.5 \\
  --protected-settings update_ssh_key.json`,
  list: 'az vm extension list --resource-group myResourceGroup --vm-name myVM -o table',
}
/** Of the article on SSH keys. */
const fingerprint = `ssh-keygen -lf /etc/ssh/ssh_host_ecdsa_key.pub | awk '{print $2}'`

test('az brings administrators back into a machine', { skip: lanesMissing }, async t => {
  const [lazuli, lane] = await Promise.all([startLazuli(t, { machines: 'sandbox' }), warmAzLane('trixie', t)])
  const firstKey = await newKey(lazuli)
  const group = await newGroup(lazuli, 'myResourceGroup')
  const id = machineId(group, 'myVM')
  const made = machineBody(undefined, firstKey)
  const osProfile = {
    computerName: 'myVM',
    adminUsername: 'azureUser',
    linuxConfiguration: {
      disablePasswordAuthentication: true,
      ssh: { publicKeys: [{ path: '/home/azureUser/.ssh/authorized_keys', keyData: firstKey }] },
    },
  }
  const body = { ...made, properties: { ...made.properties, osProfile } }
  await expect(201, lazuli.arm('PUT', `${id}?${machineVersion}`, { body }))
  await madeMachine(lazuli, id)

  const home = join(lane.home, '.ssh')
  await mkdir(home, { mode: 0o700 })
  await lazuli.run(['ssh-keygen', '-q', '-m', 'PEM', '-t', 'rsa', '-b', '2048', '-N', '', '-f', join(home, 'id_rsa')])
  const secondKey = (await readFile(join(home, 'id_rsa.pub'), 'utf8')).trim()

  /** As it is typed in the user's home folder. */
  const type = typedInto(typed => lazuli.exec(['sh', '-c', `cd "$HOME" && ${typed}`], { env: azEnvironment(lane) }))
  const inside = async (script: string) => (await shellInside(lazuli, 'myVM')(script)).trim()
  const { value } = await expect(200, lazuli.arm('GET', '/providers/Lazuli.Server/machines'))
  const [machine] = value
  const place = { folder: lane.home }
  const login = (user: string, by: { identity?: string; password?: string }) =>
    ssh(place, machine, 'id -un', { user, identity: join(home, 'id_rsa'), ...by })
  /** What the extension reports, of its last run. */
  const said = async (name: string) => {
    const path = `${id}/extensions/${name}?${machineVersion}&$expand=instanceView`
    const { properties } = await expect(200, lazuli.arm('GET', path))
    return properties
  }

  await t.test('az vm user update adds a key, and takes none away', async () => {
    await type(article.updateKey)
    assert.equal(await login('azureUser', {}), 'azureUser')
    assert.equal(await inside('id -un'), 'azureUser')
    const keys = (await inside('cat ~/.ssh/authorized_keys')).split('\n').filter(line => /^ssh-/.test(line))
    assert.deepEqual(
      keys.map(key => key.split(' ')[1]),
      [firstKey, secondKey].map(key => key.split(' ')[1]),
    )
  })

  await t.test('az vm user update gives a password', async () => {
    const hash = () => inside('sudo getent shadow azureUser | cut -d: -f2')
    const before = await hash()
    await assert.rejects(login('azureUser', { password: 'myNewPassword' }))
    await type(article.updatePassword)
    assert.notEqual(await hash(), before)
    assert.equal(await login('azureUser', { password: 'myNewPassword' }), 'azureUser')
    const effective = await inside('sudo sshd -T -C user=azureUser,host=h,addr=10.0.0.1')
    assert.match(effective, /^passwordauthentication yes$/m)
    assert.match(effective, /^kbdinteractiveauthentication no$/m)
    assert.doesNotMatch(JSON.stringify((await said('enablevmaccess')).settings ?? {}), /myNewPassword/)
  })

  await t.test('az vm user update makes a user with sudo', async () => {
    await type(article.newUser)
    assert.match(await inside('getent passwd myNewUser'), /:\/home\/myNewUser:\/bin\/bash$/)
    assert.equal(await login('myNewUser', {}), 'myNewUser')
    assert.match(await inside('sudo sudo -l -U myNewUser'), /\(ALL\) NOPASSWD: ALL/)
    assert.equal(await ssh(place, machine, 'sudo -n id -u', { user: 'myNewUser', identity: join(home, 'id_rsa') }), '0')
  })

  await t.test('az vm user reset-ssh makes a configuration that locks everybody out a usable one', async () => {
    await inside(
      `printf 'AllowUsers nobody\\nPubkeyAuthentication no\\n' | sudo tee /etc/ssh/sshd_config.d/00-mistake.conf`,
    )
    await inside('sudo systemctl reload ssh')
    await assert.rejects(login('azureUser', {}))
    await type(article.resetSsh)
    assert.equal(await login('azureUser', {}), 'azureUser')
    const effective = await inside('sudo sshd -T')
    assert.match(effective, /^pubkeyauthentication yes$/m)
    assert.doesNotMatch(effective, /^allowusers/m)
  })

  await t.test('az vm user delete removes the user, the home, and the right to sudo', async () => {
    await type(article.deleteUser)
    assert.equal(await inside('getent passwd myNewUser || echo none'), 'none')
    assert.equal(await inside('ls /home'), 'azureUser')
    assert.equal(await inside('sudo grep -c myNewUser /etc/sudoers.d/waagent || true'), '0')
    await assert.rejects(login('myNewUser', {}))
    assert.equal(await login('azureUser', {}), 'azureUser')
  })

  await t.test('az vm extension set takes its settings inline', async () => {
    await type(article.inline)
    assert.equal(await login('user1', { password: 'userPassword' }), 'user1')
    assert.match(await inside('sudo sudo -l -U user1'), /\(ALL\) ALL$/)
    // az goes on with the extension that is there, whatever it was called when it was made.
    const { settings, protectedSettings, instanceView } = await said('enablevmaccess')
    assert.deepEqual([settings, protectedSettings], [{ check_disk: true }, undefined])
    const disk = instanceView.substatuses.find(({ code }: { code: string }) => /check_disk/.test(code))
    assert.match(disk.code, /succeeded$/, JSON.stringify(instanceView))
  })

  const settings = async (key: string) =>
    writeFile(join(lane.home, 'update_ssh_key.json'), JSON.stringify({ username: 'azureuser', ssh_key: key }, null, 2))

  await t.test('az vm extension set takes its settings from a file, with and without an @', async () => {
    await settings(secondKey)
    await type(article.file)
    assert.equal(await login('azureuser', {}), 'azureuser')
    const thirdKey = join(home, 'third')
    await lazuli.run(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', thirdKey])
    await settings(await readFile(`${thirdKey}.pub`, 'utf8'))
    await type(article.file.replace('update_ssh_key.json', '@update_ssh_key.json'))
    for (const identity of [thirdKey, join(home, 'id_rsa')]) {
      assert.equal(await login('azureuser', { identity }), 'azureuser')
    }
  })

  await t.test('az vm extension list and show say what there is', async () => {
    const [heads = '', , row = '', ...more] = (await type(article.list)).trimEnd().split('\n')
    assert.deepEqual(more, [])
    const columns = ['Name', 'ProvisioningState', 'Publisher', 'Version', 'AutoUpgradeMinorVersion']
    assert.deepEqual(heads.trim().split(/\s+/), columns)
    assert.deepEqual(row.trim().split(/\s+/), [
      'enablevmaccess',
      'Succeeded',
      'Microsoft.OSTCExtensions',
      '1.5',
      'True',
    ])
    const shown = await type(
      'az vm extension show --resource-group myResourceGroup --vm-name myVM --name enablevmaccess',
    )
    assert.equal(JSON.parse(shown).provisioningState, 'Succeeded')
    assert.doesNotMatch(shown, /ssh-ed25519|userPassword/)
  })

  await t.test('the logs are in the machine where the article says, without a secret', async () => {
    const folder = '/var/log/azure/Microsoft.OSTCExtensions.VMAccessForLinux'
    const logs = await inside(`sudo cat ${folder}/extension.log ${folder}/CommandExecution.log`)
    assert.match(logs, /Enable succeeded/)
    assert.match(logs, /bin\/vm-access enable: exit code 0/)
    assert.doesNotMatch(logs, /myNewPassword|userPassword/)
    assert.doesNotMatch(lazuli.server.log(), /myNewPassword|userPassword/)
  })

  await t.test('az vm run-command invoke prints the fingerprint of the host key that Lazuli reports', async () => {
    const command = `az vm run-command invoke -g myResourceGroup -n myVM --command-id RunShellScript --scripts "${fingerprint.replace('$', '\\$')}"`
    const { message } = JSON.parse(await type(command)).value[0]
    const reported = machine.hostKeys.find(({ type }: { type: string }) => type === 'ecdsa-sha2-nistp256')
    assert.equal(message, `Enable succeeded: \n[stdout]\n${reported.fingerprint}\n\n[stderr]\n`)
  })

  await t.test('az vm extension delete leaves the users, who are in use', async () => {
    await type('az vm extension delete --resource-group myResourceGroup --vm-name myVM --name enablevmaccess')
    assert.equal((await type(article.list)).trim(), '')
    assert.equal(await login('user1', { password: 'userPassword' }), 'user1')
    assert.equal(await inside('ls -d /var/lib/waagent/*VMAccess* 2>/dev/null || echo none'), 'none')
  })
})
