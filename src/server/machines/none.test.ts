import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { MachineSpec } from './driver.ts'
import { recordedMachines } from './none.ts'

const spec = (id: string): MachineSpec => ({
  id,
  computerName: 'vm',
  image: 'server',
  cpus: 1,
  memoryMiB: 512,
  admin: { username: 'azureuser', sshPublicKeys: [], passwordAuthentication: false },
})

async function open(t: TestContext, wanted: string[] = [], stateDir?: string) {
  const folder = stateDir ?? (await mkdtemp(join(tmpdir(), 'lazuli-none-')))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const driver = recordedMachines(folder, ['No runc: not found. Install it.'])
  await driver.open(wanted, () => undefined)
  return { driver, folder }
}

test('power states are recorded and reported, and a machine has neither address nor host keys', async t => {
  const { driver } = await open(t)
  const seen: [id: string, state: string][] = []
  const stop = driver.watch((id, state) => seen.push([id, state]))
  const facts = await driver.create(spec('a'))
  assert.deepEqual([facts.address, facts.hostKeys], ['', []])
  await driver.powerOff('a', { graceful: true })
  await driver.powerOff('a', { graceful: true })
  await driver.deallocate('a')
  await driver.powerOff('a', { graceful: true })
  await driver.powerOn('a')
  stop()
  await driver.remove('a')
  assert.deepEqual(
    seen.map(([, state]) => state),
    ['running', 'stopped', 'deallocated', 'running'],
  )
  assert.equal(await driver.powerState('a'), undefined)
  await assert.rejects(driver.powerOn('a'), /There is no machine a/)
})

test('states outlive the driver, and machines that nobody wants are forgotten', async t => {
  const { driver, folder } = await open(t)
  for (const id of ['a', 'b', 'c']) await driver.create(spec(id))
  await driver.deallocate('b')
  await driver.close({ machines: 'keep' })
  const next = await open(t, ['a', 'b'], folder)
  const states = await Promise.all(['a', 'b', 'c'].map(id => next.driver.powerState(id)))
  assert.deepEqual(states, ['running', 'deallocated', undefined])
})

test('running a command is refused with what is missing for it', async t => {
  const { driver } = await open(t)
  await driver.create(spec('a'))
  await assert.rejects(driver.exec('a', ['true']), /only recorded\. No runc: not found\. Install it\./)
})
