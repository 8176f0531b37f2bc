import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import pino from 'pino'
import { resourceId } from '../../wire/resource-id.ts'
import { systemGrant } from '../access/grant.ts'
import { AzureError } from '../errors.ts'
import type { ResourceBody } from '../store/resources.ts'
import { openLazuli } from '../testing/open-lazuli.ts'
import type { MachineDriver, PowerState } from './driver.ts'
import { storedMachineOf } from './facts.ts'
import { openMachines } from './machines.ts'
import { recordedMachines } from './none.ts'

const arrange = systemGrant('arrange a test')
const vmId = '02aab8a4-74ef-476e-8182-f6d2ba4166a6'
const missing = ['No runc: it is not installed.']
const spec = {
  id: vmId,
  computerName: 'vm1',
  image: 'server',
  cpus: 1,
  memoryMiB: 1024,
  admin: { username: 'azureuser', sshPublicKeys: [], passwordAuthentication: false },
}

/** A store with one machine in it, and a driver that records what is done. */
async function setUp(t: TestContext) {
  const lazuli = await openLazuli(t)
  const { store } = lazuli
  const id = resourceId(`${lazuli.subscription}/resourceGroups/rg1/providers/Microsoft.Compute/virtualMachines/vm1`)
  const body: ResourceBody = { properties: { vmId }, machine: { power: 'running', image: 'server' } }
  await store.write(tx => tx.resources.put(arrange, id, body))
  const driver = recordedMachines(join(lazuli.parts.config.directory, 'other-machines'), missing)
  const open = (of: MachineDriver = driver) => openMachines({ driver: of, store, log: pino({ level: 'silent' }) })
  const machines = open()
  await machines.start(() => undefined)
  const facts = await machines.create(id, spec)
  await store.write(tx => tx.resources.put(arrange, id, { ...body, machine: { ...(body.machine as object), facts } }))
  const power = async () => {
    const vm = await store.resources.get(arrange, id)
    return vm && storedMachineOf(vm).power
  }
  return { store, id, driver, machines, open, power }
}

/** What the driver hears of a change that nobody asked us for, once it is stored. */
async function until(is: () => Promise<boolean>): Promise<void> {
  while (!(await is())) await new Promise(resolve => setImmediate(resolve))
}

test('The power state that a machine is to have is stored before the driver is asked for it', async t => {
  const { driver, power, open } = await setUp(t)
  const seen: unknown[] = []
  const machines = open({
    ...driver,
    async deallocate(id) {
      seen.push(await power())
      await driver.deallocate(id)
    },
  })
  await machines.start(() => undefined)
  await machines.deallocate(vmId)
  assert.deepEqual([seen, await machines.powerState(vmId)], [['deallocated'], 'deallocated'])
})

test('A guest that powers itself off is shown as stopped and stays so', async t => {
  const { driver, machines, open, power } = await setUp(t)
  await driver.powerOff(vmId, { graceful: true })
  assert.equal(await machines.powerState(vmId), 'stopped')
  await until(async () => (await power()) === 'stopped')
  await machines.close({ machines: 'keep' })
  const again = open()
  await again.start(() => undefined)
  assert.equal(await again.powerState(vmId), 'stopped')
})

test('A restart is not taken for the guest’s own power-off', async t => {
  const { machines, power } = await setUp(t)
  await machines.restart(vmId)
  assert.deepEqual([await power(), await machines.powerState(vmId)], ['running', 'running'])
})

test('Machines that were to run are started with the server, and its end does not change what they are to be', async t => {
  const { driver, machines, open, power } = await setUp(t)
  await machines.close({ machines: 'stop' })
  assert.deepEqual([await driver.powerState(vmId), await power()], ['stopped', 'running'])
  const again = open()
  const states: PowerState[] = []
  driver.watch((_id, state) => states.push(state))
  await again.start(() => undefined)
  await until(async () => states.includes('running'))
  assert.equal(await again.powerState(vmId), 'running')
})

test('A machine that was cut short while it was made, or is being deleted, is not kept by the driver', async t => {
  const { store, id, machines, driver, open } = await setUp(t)
  await machines.close({ machines: 'keep' })
  const vm = await store.resources.get(arrange, id)
  assert.ok(vm)
  const wanted: (readonly string[])[] = []
  const openAgain = async (body: ResourceBody) => {
    await store.write(tx => tx.resources.put(arrange, id, body))
    const again = open({
      ...driver,
      open(ids, progress) {
        wanted.push(ids)
        return driver.open(ids, progress)
      },
    })
    await again.start(() => undefined)
    await again.close({ machines: 'keep' })
  }
  await openAgain({ ...vm.body, properties: { vmId, provisioningState: 'Deleting' } })
  await openAgain({ ...vm.body, machine: { power: 'running', image: 'server' } })
  assert.deepEqual(wanted, [[], []])
})

test('What needs a real machine is refused where machines are only recorded, and says why', async t => {
  const { machines } = await setUp(t)
  await assert.rejects(
    () => machines.exec(vmId, ['true']),
    error => {
      assert.ok(error instanceof AzureError)
      assert.deepEqual([error.status, error.code], [409, 'OperationNotAllowed'])
      assert.equal(
        error.message,
        'The operation needs a real machine, and this host only records them. No runc: it is not installed.',
      )
      return true
    },
  )
})

test('No machine gets more than the host has', async t => {
  const { machines } = await setUp(t)
  assert.deepEqual(machines.granted({ cpus: 1, memoryMiB: 512 }), { cpus: 1, memoryMiB: 512 })
  const most = machines.granted({ cpus: 100_000, memoryMiB: 2 ** 40 })
  assert.ok(most.cpus < 100_000 && most.memoryMiB < 2 ** 40)
})
