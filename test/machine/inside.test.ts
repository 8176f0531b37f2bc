import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { networkInterfaces } from 'node:os'
import { test } from 'node:test'
import '../deadline.ts'
import { limits, openDriver, place, ssh, user } from './rig.ts'

test('the administrator signs in with a key, may use sudo, and finds a machine that is wholly up', limits, async t => {
  const at = await place(t)
  const { create } = await openDriver(at)
  const machine = await create({ computerName: 'web1' })
  assert.equal(await ssh(at, machine, 'id -un; sudo -n id -un; hostname'), `${user}\nroot\nweb1`)
  assert.equal(await ssh(at, machine, 'systemctl is-system-running --wait'), 'running')
  assert.equal(await ssh(at, machine, 'stat -c %a:%U .ssh .ssh/authorized_keys'), `700:${user}\n600:${user}`)
  assert.equal(await ssh(at, machine, 'sudo stat -c %a:%U /etc/sudoers.d/waagent'), '440:root')
  assert.equal(await ssh(at, machine, 'cat /etc/machine-id'), machine.id.replaceAll('-', ''))
  assert.equal(machine.os.name, await ssh(at, machine, '. /etc/os-release; echo "$NAME"'))
})

test('of an administrator whose name means something to sudo, nobody else gets the rights', limits, async t => {
  const { create, sh } = await openDriver(await place(t))
  const { id } = await create({ admin: { username: 'ALL' } })
  assert.equal(await sh(id, "su -c 'sudo -n id -un' ALL"), 'root')
  await assert.rejects(sh(id, "su -s /bin/sh -c 'sudo -n id -un' nobody"), /password is required/)
})

test('a password opens the machine where passwords are allowed, and sudo asks for it', limits, async t => {
  const at = await place(t)
  const { create } = await openDriver(at)
  const password = 'correct horse: battery'
  const machine = await create({ admin: { password, passwordAuthentication: true, sshPublicKeys: [] } })
  assert.equal(await ssh(at, machine, 'id -un', { password }), user)
  await assert.rejects(ssh(at, machine, 'id -un', { password: 'wrong' }), /Permission denied/)
  await assert.rejects(ssh(at, machine, 'sudo -n true', { password }), /password is required/)
  assert.equal(await ssh(at, machine, `echo '${password}' | sudo -S -p '' id -un`, { password }), 'root')
})

test('a password does not open a machine where passwords are off', limits, async t => {
  const at = await place(t)
  const { create } = await openDriver(at)
  const password = 'correct horse: battery'
  const machine = await create({ admin: { password, passwordAuthentication: false } })
  await assert.rejects(ssh(at, machine, 'id -un', { password }), /Permission denied \(publickey\)/)
  assert.equal(await ssh(at, machine, 'id -un'), user)
})

test('the metadata address tells machines apart and does not answer one that borrows an address', limits, async t => {
  const at = await place(t)
  const { create, sh, driver } = await openDriver(at)
  const [one, two] = await Promise.all([create(), create()])
  const ask = 'curl -s --max-time 2 http://169.254.169.254/'
  assert.equal(await sh(one.id, ask), one.id)
  assert.equal(await sh(two.id, ask), two.id)

  await sh(one.id, `ip address add ${two.address}/32 dev eth0`)
  const spoofed = await driver.exec(one.id, ['sh', '-c', `${ask} --interface ${two.address}`])
  assert.deepEqual({ exitCode: spoofed.exitCode, stdout: spoofed.stdout }, { exitCode: 28, stdout: '' })
  assert.equal(await sh(two.id, ask), two.id)
})

test(
  "Azure's names lead to the fabric over trusted TLS, machines find each other, other names fail",
  limits,
  async t => {
    const { create, sh, driver } = await openDriver(await place(t))
    const [one, two] = await Promise.all([create({ computerName: 'Web1' }), create({ computerName: 'db' })])
    assert.match(await sh(one.id, 'getent ahostsv4 management.azure.com'), /^168\.63\.129\.16 /)
    assert.match(await sh(one.id, 'getent ahostsv4 any.vault.azure.net'), /^168\.63\.129\.16 /)
    assert.match(await sh(one.id, 'getent ahostsv4 db'), new RegExp(`^${two.address} `))
    assert.match(await sh(two.id, 'getent ahostsv4 web1.internal.cloudapp.net'), new RegExp(`^${one.address} `))
    assert.equal(await sh(one.id, 'curl -s https://management.azure.com/'), 'plane')

    // 2 is "not found"; a name server that kept silent would be waited for longer than timeout(1) does, which says 124.
    const unknown = await driver.exec(one.id, ['timeout', '4', 'getent', 'hosts', 'example.com'])
    assert.equal(unknown.exitCode, 2)
  },
)

test('machines reach each other and nothing on the host', limits, async t => {
  const { create, sh, driver } = await openDriver(await place(t))
  const listener = createServer(socket => socket.end('host')).listen(0, '0.0.0.0')
  t.after(() => listener.close())
  await once(listener, 'listening')
  const bound = listener.address()
  assert.ok(bound && typeof bound === 'object')
  const [one, two] = await Promise.all([create(), create()])
  const connect = (address: string, port: number) => [
    'timeout',
    '5',
    'bash',
    '-c',
    `exec 3<>/dev/tcp/${address}/${port}`,
  ]

  assert.equal((await driver.exec(one.id, connect(two.address, 22))).exitCode, 0)
  const ofThisHost = Object.values(networkInterfaces()).flatMap(addresses => addresses ?? [])
  const outside = ofThisHost
    .filter(({ family, internal }) => family === 'IPv4' && !internal)
    .map(({ address }) => address)
  assert.ok(outside.length > 0)
  for (const address of [await sh(one.id, "ip -4 route show default | cut -d' ' -f3"), ...outside, '168.63.129.16']) {
    const refused = await driver.exec(one.id, connect(address, bound.port))
    assert.equal(refused.exitCode, 1, `${address}: ${refused.stderr}`)
  }
})

test('root in a machine cannot raise its memory limit', limits, async t => {
  const { create, sh, driver } = await openDriver(await place(t))
  const { id } = await create({ memoryMiB: 192 })
  const own = '/sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max'
  await sh(id, `for file in ${own}; do if [ -e $file ]; then echo 1073741824 > $file; fi; done`)
  const enough = await driver.exec(id, ['sh', '-c', 'head -c 100M /dev/zero | tail -c 100M | wc -c'])
  assert.equal(enough.stdout.trim(), '104857600')
  const tooMuch = await driver.exec(id, ['sh', '-c', 'head -c 400M /dev/zero | tail -c 400M | wc -c'])
  assert.equal(tooMuch.stdout.trim(), '0')
  assert.equal(await driver.powerState(id), 'running')
})

test("root in a machine changes nothing of the host's kernel", limits, async t => {
  const { create, driver } = await openDriver(await place(t))
  const { id } = await create()
  const attempts: [command: string, complaint: RegExp][] = [
    ['echo 1000 > /proc/sys/kernel/pid_max', /Read-only file system/],
    ['echo 1 > /proc/irq/default_smp_affinity', /Read-only file system/],
    ['mount -t tmpfs none /mnt', /permission denied|Operation not permitted/],
    ['unshare --user true', /Operation not permitted/],
    ['dmesg', /Operation not permitted/],
    ['date -s 2000-01-01', /Operation not permitted/],
    ['mknod /root/disk b 254 0 && dd if=/root/disk count=1', /Operation not permitted/],
    ['cat /proc/kcore | head -c 1 | grep -q . || { echo empty >&2; false; }', /empty/],
  ]
  for (const [command, complaint] of attempts) {
    const { exitCode, stderr } = await driver.exec(id, ['sh', '-c', command])
    assert.notEqual(exitCode, 0, command)
    assert.match(stderr, complaint, command)
  }
})
