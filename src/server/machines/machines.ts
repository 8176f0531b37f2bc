import { availableParallelism, totalmem } from 'node:os'
import type { ResourceId } from '../../wire/resource-id.ts'
import { systemGrant } from '../access/grant.ts'
import { AzureError } from '../errors.ts'
import type { Log } from '../log.ts'
import type { Store } from '../store/open.ts'
import type { Exec, MachineDriver, MachineFacts, MachineSpec, PowerState } from './driver.ts'
import { type RestingPower, storedMachineOf, vmIdOf } from './facts.ts'
import { packetFilters } from './security-groups/packet-filters.ts'

/** Machines as the resource manager sees them; the driver below decides what a machine really is. */
export type Machines = {
  readonly kind: 'sandbox' | 'none'
  /** Why nothing that needs a real machine can be done here; empty when it can. */
  readonly missing: readonly string[]
  /**
   * Opens the driver with the machines that are stored, and sets going those that are to run; resolves when the driver
   * is open. Before, no machine can be made or changed.
   */
  start(progress: (line: string) => void): Promise<void>
  /** What this host gives a machine of a size: not more than it has itself, and at most half of its memory. */
  granted(size: { cpus: number; memoryMiB: number }): { cpus: number; memoryMiB: number }
  /** Makes and starts the machine of a stored VM. Does nothing for one that is there already. */
  create(vm: ResourceId, spec: MachineSpec): Promise<MachineFacts>
  powerOn(id: string): Promise<void>
  powerOff(id: string, options: { graceful: boolean }): Promise<void>
  deallocate(id: string): Promise<void>
  restart(id: string): Promise<void>
  remove(id: string): Promise<void>
  /** What is true now, also when the guest did it. `stopped` for one that is not made yet. */
  powerState(id: string): Promise<PowerState>
  /** Throws 409 where machines are only recorded. */
  exec(id: string, argv: readonly string[], options?: { stdin?: string; timeoutMs?: number }): Promise<Exec>
  /** Brings about what the security groups say now. Resolves when it holds. */
  filterPackets(): Promise<void>
  /** The VM that a vmId, which is what the driver knows, belongs to. */
  resourceIdOf(id: string): ResourceId | undefined
  close(options: { machines: 'keep' | 'stop' }): Promise<void>
}

const keepMachines = systemGrant('keep machines in the power state they are to be in')
const type = 'Microsoft.Compute/virtualMachines'

type MachinesParts = { driver: MachineDriver; store: Store; log: Pick<Log, 'error'> }

/**
 * Stands between the resource manager and a driver. The power state that a machine is to have is stored with it before
 * the driver is asked for it, so that the next start of the server brings about what was promised.
 */
export function openMachines({ driver, store, log }: MachinesParts): Machines {
  const resourceIds = new Map<string, ResourceId>()
  /** Machines that we are changing ourselves: what the driver reports of them is our own doing. */
  const ours = new Set<string>()
  let stopWatching = () => {}

  let lastFilter: Promise<void> = Promise.resolve()
  let filtered: string | undefined

  /** One after the other, each with what is stored when its turn has come: the last one is never the older one. */
  function filterPackets(): Promise<void> {
    const mine = lastFilter.then(async () => {
      const filters = await packetFilters(store)
      const text = JSON.stringify(filters)
      if (text === filtered) return
      await driver.filterPackets(filters)
      filtered = text
    })
    lastFilter = mine.catch(() => undefined)
    return mine
  }

  async function keepPower(id: string, power: RestingPower): Promise<void> {
    const resourceId = resourceIds.get(id)
    if (!resourceId) return
    await store.write(async tx => {
      const vm = await tx.resources.get(keepMachines, resourceId)
      if (!vm || vmIdOf(vm) !== id || storedMachineOf(vm).power === power) return
      await tx.resources.put(keepMachines, resourceId, { ...vm.body, machine: { ...storedMachineOf(vm), power } })
    })
  }

  async function command<T>(id: string, power: RestingPower, work: () => Promise<T>): Promise<T> {
    ours.add(id)
    try {
      await keepPower(id, power)
      return await work()
    } finally {
      ours.delete(id)
    }
  }

  /** A guest that powers itself off stays off when the server starts again. */
  function onPowerChange(id: string, state: PowerState): void {
    if (state !== 'stopped' || ours.has(id)) return
    keepPower(id, 'stopped').catch(err => log.error({ err, machine: id }, 'the power state could not be stored'))
  }

  async function bringUp(id: string): Promise<void> {
    const state = await driver.powerState(id)
    // Undefined for a machine that an earlier driver recorded and this one never made.
    if (state === undefined || state === 'running') return
    await command(id, 'running', () => driver.powerOn(id))
  }

  return {
    kind: driver.kind,
    missing: driver.missing,

    async start(progress) {
      const stored = await store.resources.ofType(keepMachines, type)
      for (const vm of stored) resourceIds.set(vmIdOf(vm), vm.id)
      // What was cut short while it was made or deleted is cleared away; the work that was promised is done again.
      const whole = stored.filter(
        vm => storedMachineOf(vm).facts && vm.body.properties.provisioningState !== 'Deleting',
      )
      await driver.open(whole.map(vmIdOf), progress)
      await filterPackets()
      stopWatching = driver.watch(onPowerChange)
      for (const vm of whole) {
        if (storedMachineOf(vm).power !== 'running') continue
        bringUp(vmIdOf(vm)).catch(err => log.error({ err, machine: vm.id.text }, 'a machine could not be started'))
      }
    },

    granted: ({ cpus, memoryMiB }) => ({
      cpus: Math.min(cpus, availableParallelism()),
      memoryMiB: Math.min(memoryMiB, Math.floor(totalmem() / 2 ** 20 / 2)),
    }),

    create(vm, spec) {
      resourceIds.set(spec.id, vm)
      return command(spec.id, 'running', () => driver.create(spec))
    },
    powerOn: id => command(id, 'running', () => driver.powerOn(id)),
    powerOff: (id, options) => command(id, 'stopped', () => driver.powerOff(id, options)),
    deallocate: id => command(id, 'deallocated', () => driver.deallocate(id)),
    restart: id =>
      command(id, 'running', async () => {
        await driver.powerOff(id, { graceful: true })
        await driver.powerOn(id)
      }),
    async remove(id) {
      await driver.remove(id)
      resourceIds.delete(id)
    },

    powerState: async id => (await driver.powerState(id)) ?? 'stopped',

    async exec(id, argv, options) {
      if (driver.kind === 'none') throw realMachineNeeded(driver.missing)
      return driver.exec(id, argv, options)
    },

    filterPackets,

    resourceIdOf: id => resourceIds.get(id),

    async close(options) {
      stopWatching()
      await driver.close(options)
    },
  }
}

/** Not one of Azure's refusals: there every machine is real. */
const realMachineNeeded = (missing: readonly string[]) =>
  new AzureError(
    409,
    'OperationNotAllowed',
    `The operation needs a real machine, and this host only records them. ${missing.join(' ')}`.trim(),
  )
