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
  const file = join(at.folder, `key-of-${name}`)
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

test(
  'a key is added once, on a line of its own, and keys are replaced only when that is asked for',
  limits,
  async t => {
    const vm = await openVmAccess(t)
    const [one, two] = [await makeKey(vm, 'one'), await makeKey(vm, 'two', 'ecdsa')]
    const file = '/home/azureuser/.ssh/authorized_keys'
    const first = await vm.sh(`cat ${file}`)
    await vm.sh(
      `printf %s '${first}' > ${file}; chmod 666 ${file}; chmod 777 /home/azureuser/.ssh; chmod g+w /home/azureuser`,
    )

    succeeded(await vm.enable({ username: 'azureuser', ssh_key: one.line }))
    assert.equal(await vm.sh(`cat ${file}`), `${first}\n${one.line}`)
    assert.equal(await vm.sh(`stat -c %a ${file} /home/azureuser/.ssh /home/azureuser`), '600\n700\n755')
    assert.equal(await vm.ssh('id -un', { user: 'azureuser', identity: one.file }), 'azureuser')

    const again = succeeded(await vm.enable({ username: 'azureuser', ssh_key: `${one.line} with another comment` }))
    assert.equal(await vm.sh(`cat ${file}`), `${first}\n${one.line}`)
    assert.match(again.substatus.find(({ name }) => name === 'ssh_key')?.formattedMessage.message ?? '', /already/)

    succeeded(await vm.enable({ username: 'azureuser', ssh_key: two.line, remove_prior_keys: 'true' }))
    assert.equal(await vm.sh(`cat ${file}`), two.line)
    await assert.rejects(vm.ssh('id -un', { user: 'azureuser', identity: one.file }), /Permission denied/)
    assert.equal(await vm.ssh('id -un', { user: 'azureuser', identity: two.file }), 'azureuser')
  },
)

test('a key goes where the home is and where sshd looks for keys', limits, async t => {
  const vm = await openVmAccess(t)
  const { file, line } = await makeKey(vm, 'key')
  await vm.sh('mkdir -m 755 /data; useradd -m -d /data/carol carol; ln -s /data/carol /home/carol')
  succeeded(await vm.enable({ username: 'carol', ssh_key: line }))
  assert.equal(await vm.ssh('pwd', { user: 'carol', identity: file }), '/data/carol')

  await vm.sh(
    'echo "AuthorizedKeysFile /etc/ssh/keys/%u .ssh/authorized_keys" > /etc/ssh/sshd_config.d/10-keys.conf; systemctl restart ssh',
  )
  const other = await makeKey(vm, 'other')
  succeeded(await vm.enable({ username: 'carol', ssh_key: other.line }))
  assert.equal(await vm.sh('cat /etc/ssh/keys/carol; stat -c %a:%U /etc/ssh/keys/carol'), `${other.line}\n644:root`)
  assert.equal(await vm.ssh('id -un', { user: 'carol', identity: other.file }), 'carol')
})

test('a password opens the machine although the configuration of sshd forbids it in many ways', limits, async t => {
  const vm = await openVmAccess(t)
  await vm.sh(`cat > /etc/ssh/sshd_config.d/10-hardening.conf <<'END'
PasswordAuthentication no
AllowUsers azureuser
Match User bob
    PasswordAuthentication no
END
echo 'Match all
    PasswordAuthentication no' >> /etc/ssh/sshd_config; systemctl reload ssh`)
  const before = await vm.sh('cat /etc/ssh/sshd_config /etc/ssh/sshd_config.d/10-hardening.conf')
  const password = 'Correct-horse-1'
  succeeded(await vm.enable({ username: 'bob', password }))
  assert.equal(await vm.ssh('id -un', { user: 'bob', password }), 'bob')
  assert.equal(await vm.sh('cat /etc/ssh/sshd_config /etc/ssh/sshd_config.d/10-hardening.conf'), before)
  assert.match(await vm.sh('sshd -T -C user=azureuser,host=h,addr=1.2.3.4'), /^passwordauthentication no$/m)
  assert.equal(await vm.sh('sudo -n -l -U bob | tail -1'), '(ALL) ALL')

  await vm.sh('echo "DenyUsers carol" > /etc/ssh/sshd_config.d/11-deny.conf')
  assert.match(refused(await vm.enable({ username: 'carol', password })), /turns carol away because of denyusers/)
  assert.equal((await vm.exec(['id', 'carol'])).exitCode, 1)
})

test('where sshd reads no drop-ins, its main file gets a marked part of ours', limits, async t => {
  const vm = await openVmAccess(t)
  const password = 'Correct-horse-1'
  await vm.sh(`sed -i '/^Include/d' /etc/ssh/sshd_config; echo 'Match Group sudo
    X11Forwarding no' >> /etc/ssh/sshd_config; sed -i '1i PasswordAuthentication no' /etc/ssh/sshd_config
    chmod 640 /etc/ssh/sshd_config; systemctl reload ssh`)
  const before = await vm.sh('sha256sum /etc/ssh/sshd_config')
  succeeded(await vm.enable({ username: 'bob', password }))
  assert.equal(await vm.ssh('id -un', { user: 'bob', password }), 'bob')
  assert.equal(await vm.sh('stat -c %a /etc/ssh/sshd_config; grep -c "Lazuli VMAccess" /etc/ssh/sshd_config'), '640\n2')

  const status = succeeded(await vm.enable({ restore_backup_ssh: 'True' }))
  assert.equal(await vm.sh('sha256sum /etc/ssh/sshd_config'), before)
  assert.match(status.substatus.at(-1)?.formattedMessage.message ?? '', /configuration of backup/)
  assert.match(refused(await vm.enable({ restore_backup_ssh: true })), /There is no backup/)
})

test('reset_ssh brings sshd back to its package, on the port where it is, and keeps sessions', limits, async t => {
  const vm = await openVmAccess(t)
  await vm.sh(`cat > /etc/ssh/sshd_config <<'END'
Include /etc/ssh/sshd_config.d/*.conf
Port 22
Port 2222
AuthorizedKeysFile none
END
echo 'AllowUsers nobody-at-all' > /etc/ssh/sshd_config.d/10-hardening.conf; systemctl restart ssh`)
  const pid = await vm.sh('systemctl show -p MainPID --value ssh')
  await assert.rejects(vm.ssh('true', { user: 'azureuser' }), /Permission denied/)
  succeeded(await vm.enable({ reset_ssh: true }))
  assert.equal(await vm.ssh('id -un', { user: 'azureuser' }), 'azureuser')
  assert.equal(await vm.sh('systemctl show -p MainPID --value ssh'), pid)
  assert.equal(await vm.sh('sshd -T | grep ^port'), 'port 22\nport 2222')
  assert.match(await vm.sh('sshd -T'), /^subsystem sftp \/usr\/lib\/openssh\/sftp-server$/m)
  assert.equal(await vm.sh('ls /etc/ssh/sshd_config.d'), '50-lazuli.conf')

  succeeded(await vm.enable({ restore_backup_ssh: true }))
  assert.equal(await vm.sh('cat /etc/ssh/sshd_config.d/10-hardening.conf'), 'AllowUsers nobody-at-all')
})

test('reset_ssh helps where sshd refuses its configuration, and "false" does not reset', limits, async t => {
  const vm = await openVmAccess(t)
  await vm.sh('echo Nonsense yes > /etc/ssh/sshd_config.d/10-broken.conf; systemctl stop ssh')
  succeeded(await vm.enable({ reset_ssh: 'false', remove_prior_keys: 'FALSE' }, { check_disk: 'false' }))
  assert.match(refused(await vm.enable({ username: 'bob', password: 'Correct-horse-1' })), /run reset_ssh first/)
  succeeded(await vm.enable({ reset_ssh: 'True' }))
  assert.equal(await vm.ssh('id -un', { user: 'azureuser' }), 'azureuser')
})

test('remove_user ends sessions, and removes the account, its home and our sudo rule only', limits, async t => {
  const vm = await openVmAccess(t)
  const { file, line } = await makeKey(vm, 'key')
  succeeded(await vm.enable({ username: 'bob', ssh_key: line, password: 'Correct-horse-1' }))
  await vm.sh(`echo 'bob ALL=(ALL) /bin/ls' > /etc/sudoers.d/byhand; chmod 440 /etc/sudoers.d/byhand
    printf '# a comment\\nbob ALL = (root) /bin/cat\\nother ALL = (ALL) ALL\\n' >> /etc/sudoers.d/waagent`)
  await vm.ssh('touch of-bob; setsid sleep 600 </dev/null >/dev/null 2>&1 & sleep 0.1', { user: 'bob', identity: file })
  assert.equal(await vm.sh('pgrep -u bob -x sleep | wc -l'), '1')

  const status = succeeded(await vm.enable({ remove_user: 'bob' }))
  assert.match(status.substatus.at(-1)?.formattedMessage.message ?? '', /Removed the user bob and the home folder/)
  assert.equal((await vm.exec(['getent', 'passwd', 'bob'])).exitCode, 2)
  assert.equal(
    await vm.sh('ls -A /home; pgrep -x sleep | wc -l; grep -c bob /etc/group /etc/shadow || true'),
    'azureuser\n0\n/etc/group:0\n/etc/shadow:0',
  )
  assert.equal(await vm.sh('cat /etc/sudoers.d/byhand'), 'bob ALL=(ALL) /bin/ls')
  assert.equal(
    await vm.sh('cat /etc/sudoers.d/waagent'),
    '"azureuser" ALL=(ALL) NOPASSWD:ALL\n# a comment\nbob ALL = (root) /bin/cat\nother ALL = (ALL) ALL',
  )
  assert.doesNotMatch(await vm.sh('cat /etc/ssh/sshd_config.d/*'), /bob/)

  const again = succeeded(await vm.enable({ remove_user: 'bob' }))
  assert.equal(again.substatus[0]?.formattedMessage.message, 'There is no user bob.')
  assert.match(refused(await vm.enable({ remove_user: 'daemon' })), /daemon is a system account/)
})

test('a user who is removed and named again in one run starts afresh', limits, async t => {
  const vm = await openVmAccess(t)
  const [old, fresh] = [await makeKey(vm, 'old'), await makeKey(vm, 'fresh')]
  succeeded(await vm.enable({ username: 'bob', ssh_key: old.line }))
  await vm.sh('touch /home/bob/old')
  succeeded(await vm.enable({ remove_user: 'bob', username: 'bob', ssh_key: fresh.line }))
  assert.equal(await vm.ssh('ls', { user: 'bob', identity: fresh.file }), '')
  await assert.rejects(vm.ssh('true', { user: 'bob', identity: old.file }), /Permission denied/)
  assert.equal(await vm.sh('ls -A /home'), 'azureuser\nbob')
})

test('accounts expire, live on, and are opened again when access to them is recovered', limits, async t => {
  const vm = await openVmAccess(t)
  const { file, line } = await makeKey(vm, 'key')
  const expiry = async () => (await vm.sh('getent shadow bob')).split(':')[7]
  const day = String(Date.parse('2040-02-29T00:00:00Z') / 86_400_000)
  succeeded(await vm.enable({ username: 'bob', ssh_key: line, expiration: '2040-02-29' }))
  assert.equal(await expiry(), day)
  succeeded(await vm.enable({ username: 'bob', expiration: 'never' }))
  assert.equal(await expiry(), '')
  succeeded(await vm.enable({ username: 'bob', expiration: '2040-02-29T10:00:00.000Z' }))
  assert.equal(await expiry(), day)

  await vm.sh('chage -E 2001-01-01 bob; passwd -l bob')
  const status = succeeded(await vm.enable({ username: 'bob', password: 'Correct-horse-1' }))
  assert.match(JSON.stringify(status.substatus), /bob had expired on 2001-01-01/)
  assert.equal(await vm.ssh('id -un', { user: 'bob', identity: file }), 'bob')
  assert.equal(await vm.ssh('id -un', { user: 'bob', password: 'Correct-horse-1' }), 'bob')
  for (const expiration of ['2001-01-01', '2040-02-30', 'soon', '2040-1-1'])
    assert.match(refused(await vm.enable({ username: 'bob', expiration })), /expiration must be/)
})

test('sudo keeps asking or not asking as it did, unless it is told to', limits, async t => {
  const vm = await openVmAccess(t)
  const rights = () => vm.sh('sudo -n -l -U azureuser | tail -1')
  assert.equal(await rights(), '(ALL) NOPASSWD: ALL')
  succeeded(await vm.enable({ username: 'azureuser', password: 'Correct-horse-1' }))
  assert.equal(await rights(), '(ALL) NOPASSWD: ALL')
  succeeded(await vm.enable({ username: 'azureuser', password: 'Correct-horse-1', enable_passwordless_access: false }))
  assert.equal(await rights(), '(ALL) ALL')
  succeeded(await vm.enable({ username: 'azureuser', password: 'Correct-horse-1', enable_passwordless_access: 'true' }))
  assert.equal(await rights(), '(ALL) NOPASSWD: ALL')
  assert.equal(await vm.sh('cat /etc/sudoers.d/waagent'), 'azureuser ALL = (ALL) NOPASSWD: ALL')
})

test('a number of settings is applied once, and its final status stays', limits, async t => {
  const vm = await openVmAccess(t)
  succeeded(await vm.enable({ username: 'bob', password: 'Correct-horse-1' }))
  const before = await vm.sh(`cat ${handler}/status/0.status`)
  await vm.sh('userdel -r bob 2>/dev/null')
  assert.equal((await vm.call('enable', 0)).exitCode, 0)
  assert.equal(await vm.sh(`cat ${handler}/status/0.status`), before)

  // An agent that unpacks the package anew brings the settings of the last run along.
  const settings = await vm.write({ username: 'bob', password: 'Correct-horse-1' })
  const text = await vm.sh(`cat ${handler}/config/${settings}.settings`)
  assert.equal((await vm.call('enable', settings)).exitCode, 0)
  await vm.sh(`userdel -r bob 2>/dev/null; rm ${handler}/mrseq ${handler}/status/*`)
  await vm.exec(['sh', '-c', `cat > ${handler}/config/${settings}.settings`], { stdin: text })
  assert.equal((await vm.call('enable', settings)).exitCode, 0)
  assert.equal((await vm.exec(['id', 'bob'])).exitCode, 1)
  assert.equal((await vm.status(settings)).status, 'success')
})

test('what cannot be decrypted or read is reported, whatever it is', limits, async t => {
  const vm = await openVmAccess(t)
  const run = async (text: string) => {
    const number = await vm.write({})
    await vm.exec(['sh', '-c', `cat > ${handler}/config/${number}.settings`], { stdin: text })
    const { exitCode, stdout } = await vm.call('enable', number)
    const { operation, status, code, formattedMessage } = await vm.status(number)
    return { exitCode, stdout, operation, status, code, message: formattedMessage.message }
  }
  const error = { exitCode: 1, stdout: '', operation: 'Enable', status: 'error', code: '1' }
  const settings = (handlerSettings: unknown) => JSON.stringify({ runtimeSettings: [{ handlerSettings }] })
  const undecipherable = { protectedSettings: 'AAAA', protectedSettingsCertThumbprint: 'A'.repeat(40) }
  assert.deepEqual(await run(settings(undecipherable)), { ...error, message: 'Failed to decrypt protectedSettings' })
  assert.deepEqual(await run(settings({ ...undecipherable, protectedSettingsCertThumbprint: '../../etc/x' })), {
    ...error,
    message: 'Failed to decrypt protectedSettings',
  })
  assert.deepEqual(await run(settings({ protectedSettings: [] })), {
    ...error,
    message: 'Failed to decode protectedSettings',
  })
  assert.match((await run('{"runtimeSettings":[]}')).message, /is not a settings file/)
  assert.match((await run('garbage')).message, /is not a settings file/)
  assert.deepEqual(await run(''), { ...error, exitCode: 0, status: 'success', code: '0', message: 'Enable succeeded.' })
  const plain = settings({ publicSettings: null, protectedSettings: { username: 'bob', password: 'Correct-horse-1' } })
  assert.equal((await run(plain)).status, 'success')
  assert.equal(await vm.sh('id -un bob'), 'bob')
})

test('where a socket starts sshd, nothing is restarted and the next connection has the change', limits, async t => {
  const vm = await openVmAccess(t)
  await vm.sh('systemctl stop ssh.service; systemctl start ssh.socket; rm -rf /run/sshd')
  const password = 'Correct-horse-1'
  const status = succeeded(await vm.enable({ username: 'bob', password }))
  assert.match(JSON.stringify(status.substatus), /ssh\.socket starts sshd with the new configuration/)
  assert.equal(await vm.ssh('id -un', { user: 'bob', password }), 'bob')
})

test('each command of the package succeeds, and what is not a command is refused', limits, async t => {
  const vm = await openVmAccess(t)
  for (const command of ['install', 'update', 'disable', 'uninstall']) {
    assert.deepEqual(await vm.call(command, 0), { exitCode: 0, stdout: '', stderr: '' }, command)
  }
  assert.equal((await vm.call('reboot', 0)).exitCode, 2)
  const [{ handlerManifest }] = JSON.parse(await readFile(vm.path(`${handler}/HandlerManifest.json`), 'utf8'))
  for (const command of ['install', 'enable', 'update', 'disable', 'uninstall'])
    assert.equal(handlerManifest[`${command}Command`], `bin/vm-access ${command}`)
})
