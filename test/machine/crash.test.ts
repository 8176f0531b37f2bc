import assert from 'node:assert/strict'
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { run } from '../../src/server/machines/run.ts'
import '../deadline.ts'
import { snapshot } from '../leftovers.ts'
import { type Created, limits, openDriver, type Place, place, ssh, traces } from './rig.ts'

test('machines outlive a server that is killed, and the next one takes them over', limits, async t => {
  const at = await place(t)
  const [machine] = await makeAndDie(at, 1)
  assert.ok(machine)
  assert.equal(await ssh(at, machine, 'sudo touch /root/alone; echo alive'), 'alive')

  const { driver, sh, reached } = await openDriver(at, [machine.id])
  assert.equal(await driver.powerState(machine.id), 'running')
  assert.equal(await sh(machine.id, 'curl -s --max-time 2 http://169.254.169.254/'), machine.id)
  assert.equal(await sh(machine.id, 'ls /root'), 'alone')
  const stopped = reached(machine.id, 'stopped')
  await sh(machine.id, 'systemctl poweroff')
  await stopped
})

test('a machine that rebooted while there was no server comes back with the next one', limits, async t => {
  const at = await place(t)
  const [machine] = await makeAndDie(at, 1)
  assert.ok(machine)
  await ssh(at, machine, 'sudo reboot').catch(() => 'the connection may end first')
  const init = Number(await readFile(join(at.stateDir, machine.id, 'bundle', 'init.pid'), 'utf8'))
  while (existsSync(`/proc/${init}/exe`)) await pause(50)

  const { driver } = await openDriver(at, [machine.id])
  assert.equal(await driver.powerState(machine.id), 'running')
  assert.equal(await ssh(at, machine, 'echo alive'), 'alive')
})

test('machines that nobody wants any more, or that are not whole, are removed when a driver opens', limits, async t => {
  const at = await place(t)
  const [kept, unwanted, broken] = await makeAndDie(at, 3)
  assert.ok(kept && unwanted && broken)
  await rm(join(at.stateDir, broken.id, 'machine.json'))

  const { driver } = await openDriver(at, [kept.id, broken.id])
  assert.equal(await driver.powerState(kept.id), 'running')
  assert.equal(await driver.powerState(broken.id), undefined)
  const now = [...snapshot(at.folder)]
  for (const gone of [unwanted, broken])
    assert.deepEqual(
      now.filter(line => line.includes(gone.id)),
      [],
    )
})

test(
  'a server killed at any moment of making a machine leaves nothing that the next does not remove',
  limits,
  async t => {
    const at = await place(t)
    const before = snapshot(at.folder)
    for (const delayMs of [0, 20, 40, 60, 80, 120, 160]) {
      const owner = own(at)
      await owner.line()
      await pause(delayMs)
      await owner.die()
      const { driver } = await openDriver(at)
      await driver.close({ machines: 'stop' })
      assert.deepEqual(traces(at, before), [], `killed after ${delayMs} ms`)
    }
  },
)

test('stopping all machines leaves only their disks, from which they start again', limits, async t => {
  const at = await place(t)
  const before = snapshot(at.folder)
  const first = await openDriver(at)
  const made = await Promise.all([first.create(), first.create(), first.create()])
  const ids = made.map(machine => machine.id)
  for (const id of ids) await first.sh(id, 'hostname > /root/name')
  await first.driver.close({ machines: 'stop' })
  assert.deepEqual(traces(at, before), [])

  const second = await openDriver(at, ids)
  for (const machine of made) {
    assert.equal(await second.driver.powerState(machine.id), 'stopped')
    await second.driver.powerOn(machine.id)
    assert.equal(
      await ssh(at, machine, 'sudo cat /root/name; hostname | sudo cmp - /root/name'),
      `vm-${machine.id.slice(0, 4)}`,
    )
  }
})

test('names of namespaces that a restart of the host has left leading nowhere are no obstacle', limits, async t => {
  const at = await place(t)
  const first = await openDriver(at)
  const machine = await first.create()
  await first.driver.close({ machines: 'stop' })
  for (const name of [`lz-${at.instance}`, `lz-${at.instance}-${machine.id}`]) await writeFile(`/run/netns/${name}`, '')

  const { driver } = await openDriver(at, [machine.id])
  await driver.powerOn(machine.id)
  assert.equal(await ssh(at, machine, 'echo alive'), 'alive')
})

test(
  'where the state directory cannot carry an overlay, disks are in memory and otherwise the same',
  limits,
  async t => {
    const under = await place(t)
    const layer = (name: string) => join(under.folder, name)
    for (const name of ['lower', 'upper', 'work', 'merged']) await mkdir(layer(name))
    const options = `lowerdir=${layer('lower')},upperdir=${layer('upper')},workdir=${layer('work')}`
    await run('mount', ['-t', 'overlay', '-o', options, 'lazuli-test', layer('merged')])
    const at = { ...under, stateDir: join(layer('merged'), 'state') }
    try {
      const first = await openDriver(at)
      const machine = await first.create()
      await first.sh(machine.id, 'echo kept > /root/file')
      await first.driver.close({ machines: 'stop' })
      const second = await openDriver(at, [machine.id])
      await second.driver.powerOn(machine.id)
      assert.equal(await second.sh(machine.id, 'cat /root/file'), 'kept')
      await second.driver.remove(machine.id)
      await second.driver.close({ machines: 'stop' })
    } finally {
      await run('umount', [layer('merged')])
    }
  },
)

test('two instances on one host have nothing in common', limits, async t => {
  const places = [await place(t), await place(t)]
  const [one, two] = await Promise.all(places.map(at => openDriver(at)))
  assert.ok(one && two)
  const [inOne, inTwo] = await Promise.all([one.create(), two.create()])
  assert.notEqual(inOne.subnet, inTwo.subnet)
  assert.equal(await one.sh(inOne.id, 'curl -s --max-time 2 http://169.254.169.254/'), inOne.id)
  assert.equal(await two.sh(inTwo.id, 'curl -s --max-time 2 http://169.254.169.254/'), inTwo.id)

  const across = ['timeout', '5', 'bash', '-c', `exec 3<>/dev/tcp/${inTwo.address}/22`]
  assert.equal((await one.driver.exec(inOne.id, across)).exitCode, 1)
  await one.driver.close({ machines: 'stop' })
  assert.equal(await two.driver.powerState(inTwo.id), 'running')
  assert.equal(await two.sh(inTwo.id, 'curl -s --max-time 2 http://169.254.169.254/'), inTwo.id)
})

/** Starts a process that opens a driver and makes machine after machine. */
function own(at: Place) {
  const child: ChildProcessByStdio<null, Readable, null> = spawn(
    process.execPath,
    [join(import.meta.dirname, 'owner.ts'), JSON.stringify(at)],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  const ended = once(child, 'exit')
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
  return {
    async line(): Promise<string> {
      const { value, done } = await lines.next()
      assert.ok(!done, 'the owner ended')
      return String(value)
    },
    async die(): Promise<void> {
      child.kill('SIGKILL')
      await ended
    },
  }
}

/** Has another process make machines, and kills it. */
async function makeAndDie(at: Place, count: number): Promise<Created[]> {
  const owner = own(at)
  await owner.line()
  const made: Created[] = []
  while (made.length < count) made.push(JSON.parse(await owner.line()))
  await owner.die()
  return made
}
