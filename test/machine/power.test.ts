import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import '../deadline.ts'
import { limits, openDriver, place, ssh } from './rig.ts'

test('a machine that is switched off and on keeps its files, its address and its host keys', limits, async t => {
  const at = await place(t)
  const { create, driver, sh } = await openDriver(at)
  const machine = await create()
  await sh(machine.id, 'echo kept > /root/file; ip address flush dev eth0')

  await driver.powerOff(machine.id, { graceful: true })
  assert.equal(await driver.powerState(machine.id), 'stopped')
  await assert.rejects(driver.exec(machine.id, ['true']), /is not running/)

  await driver.powerOn(machine.id)
  assert.equal(await driver.powerState(machine.id), 'running')
  assert.equal(await ssh(at, machine, 'sudo cat /root/file'), 'kept')
})

test('a graceful stop lets programs end, and one that is not graceful does not', limits, async t => {
  const { create, driver, sh } = await openDriver(await place(t))
  const { id } = await create()
  const unit = '[Service]\\nExecStart=/bin/sleep infinity\\nExecStop=/bin/sh -c "date >> /root/stopped"\\n'
  await sh(id, `printf '${unit}' > /etc/systemd/system/last-words.service; systemctl start last-words`)
  await driver.powerOff(id, { graceful: true })
  await driver.powerOn(id)
  assert.equal(await sh(id, 'wc -l < /root/stopped; systemctl start last-words'), '1')
  await driver.powerOff(id, { graceful: false })
  await driver.powerOn(id)
  assert.equal(await sh(id, 'wc -l < /root/stopped'), '1')
})

test('a machine that powers itself off is seen to be stopped', limits, async t => {
  const at = await place(t)
  const { create, driver, reached } = await openDriver(at)
  const machine = await create()
  const stopped = reached(machine.id, 'stopped')
  await ssh(at, machine, 'sudo systemctl poweroff').catch(() => 'the connection may end first')
  await stopped
  assert.equal(await driver.powerState(machine.id), 'stopped')
  await driver.powerOn(machine.id)
  assert.equal(await driver.powerState(machine.id), 'running')
})

test('a machine that reboots comes back, and can be powered off by itself afterwards', limits, async t => {
  const at = await place(t)
  const { create, sh, reached } = await openDriver(at)
  const machine = await create()
  await sh(machine.id, 'touch /run/before-the-reboot')
  const back = reached(machine.id, 'running')
  await ssh(at, machine, 'sudo reboot').catch(() => 'the connection may end first')
  await back
  assert.equal(await ssh(at, machine, 'ls /run/before-the-reboot /.reboot-requested 2>&1 | grep -c "No such"'), '2')

  const stopped = reached(machine.id, 'stopped')
  await sh(machine.id, 'systemctl poweroff')
  await stopped
})

test('deallocating gives back everything but the disk, and every step can be repeated', limits, async t => {
  const { create, driver, sh } = await openDriver(await place(t))
  const machine = await create()
  await sh(machine.id, 'echo kept > /root/file')
  for (const _ of [1, 2]) await driver.deallocate(machine.id)
  assert.equal(await driver.powerState(machine.id), 'deallocated')
  await driver.powerOff(machine.id, { graceful: true })
  assert.equal(await driver.powerState(machine.id), 'deallocated')

  for (const _ of [1, 2]) await driver.powerOn(machine.id)
  assert.equal(await sh(machine.id, 'cat /root/file'), 'kept')
  assert.deepEqual(await create({ id: machine.id }), machine)

  for (const _ of [1, 2]) await driver.remove(machine.id)
  assert.equal(await driver.powerState(machine.id), undefined)
})

test('a machine is removed whatever its root has done to its files', limits, async t => {
  const { create, driver, sh } = await openDriver(await place(t))
  const { id } = await create()
  await sh(id, 'mkdir -p /root/a/b; touch /root/a/b/file; chattr +i /root/a/b/file /root/a; chattr +a /etc/passwd')
  await sh(id, '! rm -f /root/a/b/file')
  await sh(id, 'ln -s /etc/hostname /root/link; mkfifo /root/pipe; mkdir /.reboot-requested')
  await driver.powerOff(id, { graceful: false })
  await driver.powerOn(id)
  await driver.remove(id)
})

test('a machine that cannot be made leaves nothing, and its address goes to the next', limits, async t => {
  const { create, driver } = await openDriver(await place(t))
  // The image has this account already, so useradd refuses.
  await assert.rejects(create({ id: '00000000-0000-4000-8000-000000000001', admin: { username: 'daemon' } }), /useradd/)
  assert.equal(await driver.powerState('00000000-0000-4000-8000-000000000001'), undefined)
  const machine = await create()
  assert.match(machine.address, /\.4$/)
})

test('a command gets its input, gives its output and exit code, and its time is limited', limits, async t => {
  const { create, driver, sh } = await openDriver(await place(t))
  const { id } = await create()
  assert.deepEqual(await driver.exec(id, ['sh', '-c', 'cat; echo problem >&2; exit 3'], { stdin: 'input' }), {
    exitCode: 3,
    stdout: 'input',
    stderr: 'problem\n',
  })
  const { stdout } = await driver.exec(id, ['head', '-c', '5000000', '/dev/zero'])
  assert.equal(stdout.length, 1024 * 1024)

  const slow = driver.exec(id, ['sh', '-c', 'sleep 4321 & sleep 4321'], { timeoutMs: 300 })
  await assert.rejects(slow, /did not end within 300 ms/)
  for (let waits = 0; waits < 1_000 && (await sh(id, 'pgrep -c sleep || true')) !== '0'; waits++) await pause(50)
  assert.equal(await sh(id, 'pgrep -c sleep || true'), '0')
})
