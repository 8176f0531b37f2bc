import assert from 'node:assert/strict'
import { test } from 'node:test'
import '../deadline.ts'
import { limits } from './rig.ts'
import { openVmAccess, refused, succeeded } from './vm-access-rig.ts'

const password = 'Correct-horse-1'
const listening = `ss -Hltn | grep -o ':[0-9]* ' | tr -d ': ' | sort -u | tr '\\n' ' '`

test(
  'sshd stays where it is reached: by an address with a port, and with a configuration that is broken',
  limits,
  async t => {
    const vm = await openVmAccess(t)
    await vm.sh(`echo 'ListenAddress 0.0.0.0:2222' > /etc/ssh/sshd_config.d/10-port.conf; systemctl restart ssh`)
    succeeded(await vm.enable({ username: 'bob', password }))
    assert.equal(await vm.sh(listening), '2222')
    succeeded(await vm.enable({ reset_ssh: true }))
    assert.equal(await vm.sh(listening), '2222')
    assert.equal(await vm.sh('ls /etc/ssh/sshd_config.d'), '00-lazuli-vm-access.conf\n50-lazuli.conf')

    await vm.sh(`sed -i 's/^Port .*/Port 2200/' /etc/ssh/sshd_config; systemctl restart ssh
    echo 'Nonsense yes' >> /etc/ssh/sshd_config`)
    succeeded(await vm.enable({ reset_ssh: true }))
    assert.equal(await vm.sh(listening), '2200')
  },
)

test('where systemd listens for sshd, that is its port', limits, async t => {
  const vm = await openVmAccess(t)
  await vm.sh(`mkdir -p /etc/systemd/system/ssh.socket.d
    printf '[Socket]\\nListenStream=\\nListenStream=2222\\n' > /etc/systemd/system/ssh.socket.d/port.conf
    systemctl daemon-reload; systemctl stop ssh; systemctl start ssh.socket`)
  succeeded(await vm.enable({ username: 'bob', password }))
  succeeded(await vm.enable({ reset_ssh: true }))
  assert.equal(await vm.sh(listening), '2222')
  // Should sshd be started by itself one day, it is still found.
  assert.match(await vm.sh('sshd -T'), /^port 2222$/m)
})

test('reset_ssh gives sshd host keys that it takes, and takes back what it did for nothing', limits, async t => {
  const vm = await openVmAccess(t)
  const modes = () => vm.sh('stat -c %a /etc/ssh/ssh_host_*_key | sort -u')
  const known = await vm.sh('cat /etc/ssh/ssh_host_ed25519_key.pub')
  await vm.sh(
    'echo "# by hand" >> /etc/ssh/sshd_config; chmod 644 /etc/ssh/ssh_host_*_key; chattr +i /etc/ssh/sshd_config; systemctl stop ssh',
  )
  assert.match(refused(await vm.enable({ reset_ssh: true })), /EPERM.* All changes have been undone\.$/)
  assert.equal(await modes(), '644')

  await vm.sh('chattr -i /etc/ssh/sshd_config')
  const status = succeeded(await vm.enable({ reset_ssh: true }))
  assert.match(JSON.stringify(status.substatus), /mode of \/etc\/ssh\/ssh_host_ed25519_key/)
  assert.equal(await modes(), '600')
  assert.equal(await vm.sh('cat /etc/ssh/ssh_host_ed25519_key.pub'), known)
  assert.equal(await vm.ssh('id -un', { user: 'azureuser' }), 'azureuser')

  await vm.sh('rm /etc/ssh/ssh_host_*; systemctl stop ssh')
  succeeded(await vm.enable({ reset_ssh: true }))
  assert.equal(
    await vm.sh('systemctl is-active ssh; ls /etc/ssh/ssh_host_ed25519_key.pub'),
    'active\n/etc/ssh/ssh_host_ed25519_key.pub',
  )
})

/** openSUSE's sshd reads its package's configuration while there is no other; Debian's is made to do so here. */
const vendorLayout = `mkdir -p /usr/etc/ssh /etc/systemd/system/ssh.service.d; mv /etc/ssh/sshd_config /usr/etc/ssh/
cat > /usr/local/sbin/sshd <<'END'
#!/bin/sh
[ -e /etc/ssh/sshd_config ] || set -- -f /usr/etc/ssh/sshd_config "$@"
exec /usr/sbin/sshd "$@"
END
chmod 755 /usr/local/sbin/sshd
cat > /etc/systemd/system/ssh.service.d/vendor.conf <<'END'
[Service]
ExecStartPre=
ExecStart=
ExecStart=/usr/local/sbin/sshd -D
ExecReload=
ExecReload=/bin/kill -HUP $MAINPID
END
systemctl daemon-reload; systemctl restart ssh`

test('where sshd reads only the configuration of its package, that one stays as it is', limits, async t => {
  const vm = await openVmAccess(t)
  await vm.sh(vendorLayout)
  const vendor = () => vm.sh('sha256sum /usr/etc/ssh/sshd_config; ls /etc/ssh/sshd_config.d; ls /etc/ssh | grep config')
  const before = await vendor()
  succeeded(await vm.enable({ username: 'bob', password }))
  assert.equal(await vm.ssh('id -un', { user: 'bob', password }), 'bob')
  assert.equal(await vendor(), before.replace('50-lazuli', '00-lazuli-vm-access.conf\n50-lazuli'))
  succeeded(await vm.enable({ restore_backup_ssh: true }))
  assert.equal(await vendor(), before)
})
