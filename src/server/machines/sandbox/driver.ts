/** Real machines on this host: runc containers with systemd, an overlay over a shared image, and their own network. */

import { mkdir, rm } from 'node:fs/promises'
import { atMost, oneByOne } from '../../queues.ts'
import type { Fabric, MachineDriver, MachineSpec } from '../driver.ts'
import { serverRecipe } from '../image-recipe.ts'
import { ensureImage, type Image } from '../images.ts'
import { nodeTrouble } from '../node-in-image.ts'
import { agentless } from '../probe.ts'
import { placeAgent } from './agent.ts'
import { removeGroup } from './cgroups.ts'
import { execInContainer } from './container.ts'
import { forgetReboot, mountDisk, removeDisk, wantsReboot } from './disk.ts'
import { openFabric } from './fabric.ts'
import { askToHalt, type InitProcess, isAlive, kill, waitForEnd, waitForSsh } from './init-process.ts'
import { ensureInstanceLayer } from './instance-layer.ts'
import { sortLeftovers } from './leftovers.ts'
import { bringUp, type Host, takeDown } from './lifecycle.ts'
import { macAddress, openNetwork, removeNetwork } from './network.ts'
import type { BindMount } from './oci.ts'
import { applyPacketFilters } from './packet-filter.ts'
import { checkSpec, provision } from './provision.ts'
import { type MachineRecord, writeRecord } from './record.ts'
import { type Machine, roster } from './roster.ts'
import { machinePlace } from './site.ts'
import { waitForStragglers } from './stragglers.ts'
import { type AddressPlan, nextAddress } from './subnets.ts'

export type SandboxOptions = {
  readonly host: Host
  readonly cacheDir: string
  readonly fabric: Fabric
  /** The Node program that opens sockets in the machines' network. */
  readonly nodePath: string
  readonly warn: (message: string, error: unknown) => void
}

/** What an open driver holds besides its machines. */
type Opened = {
  readonly plan: AddressPlan
  readonly image: Image
  readonly layers: readonly string[]
  readonly binds: readonly BindMount[]
  close(): void
}

/** More at once would only make each of them slower. */
const startsAtOnce = 4
/** systemd gives its units 90 s by default; nobody waits that long for a machine to stop. */
const gracePeriodMs = 20_000
const closingPeriodMs = 3_000
const killPeriodMs = 5_000
/** A machine that does not open its SSH port by then is running all the same. */
const startPeriodMs = 10_000
const watchEveryMs = 200

/** The driver is idle until `open`; `close` ends it for good. */
export function sandboxDriver({ host, cacheDir, fabric, nodePath, warn }: SandboxOptions): MachineDriver {
  const { site, run } = host
  const machines = roster()
  const inTurn = oneByOne()
  const limited = atMost(startsAtOnce)
  let opened: Opened | undefined
  let execs = 0

  const open = (): Opened => {
    if (!opened) throw new Error('The machine driver is not open.')
    return opened
  }

  async function start(machine: Machine, record: MachineRecord): Promise<void> {
    const { plan, binds } = open()
    machines.setState(machine, 'starting')
    try {
      const init = await limited(() => bringUp(host, record, { plan, binds }))
      machine.init = init
      await waitForSsh(init, { timeoutMs: startPeriodMs, giveUp: () => opened === undefined })
      if (isAlive(init)) machines.setState(machine, 'running')
    } catch (error) {
      machines.setState(machine, record.rest)
      throw error
    }
  }

  /** Starts the machine unless it runs. */
  async function ensureStarted(machine: Machine, record: MachineRecord): Promise<void> {
    if (machine.init && isAlive(machine.init)) return
    if (machine.init) await takeDown(host, machine.id)
    machine.init = undefined
    await start(machine, record)
  }

  async function stop(machine: Machine, init: InitProcess, { graceMs }: { graceMs: number }): Promise<void> {
    machines.setState(machine, 'stopping')
    if (graceMs > 0) askToHalt(init)
    if (graceMs === 0 || !(await waitForEnd(init, graceMs))) {
      kill(init)
      await waitForEnd(init, killPeriodMs)
    }
    await takeDown(host, machine.id)
    machine.init = undefined
  }

  async function rest(machine: Machine, record: MachineRecord, state: MachineRecord['rest']): Promise<void> {
    const place = machinePlace(site, machine.id)
    await forgetReboot(place)
    machine.record = { ...record, rest: state }
    await writeRecord(place, machine.record)
    machines.setState(machine, state)
  }

  /** What follows when a machine's first process has ended without our doing. */
  async function ended(machine: Machine, init: InitProcess): Promise<void> {
    if (machine.init !== init || !machine.record) return
    const reboot = await wantsReboot(machinePlace(site, machine.id))
    await takeDown(host, machine.id)
    machine.init = undefined
    if (!reboot) return rest(machine, machine.record, 'stopped')
    // Without it the next driver will see to the reboot.
    if (opened) await start(machine, machine.record)
  }

  function watchMachines(): () => void {
    const noticed = new Set<InitProcess>()
    const look = () => {
      for (const machine of machines.all()) {
        const { init } = machine
        if (!init || noticed.has(init) || isAlive(init)) continue
        noticed.add(init)
        inTurn(machine.id, () => ended(machine, init))
          .then(() => noticed.delete(init))
          .catch((error: unknown) => warn(`Machine ${machine.id} ended and could not be cleared away`, error))
      }
    }
    const timer = setInterval(look, watchEveryMs)
    return () => clearInterval(timer)
  }

  async function make(machine: Machine, spec: MachineSpec): Promise<MachineRecord> {
    const { plan, image, layers } = open()
    const place = machinePlace(site, spec.id)
    await mkdir(place.folder, { recursive: true, mode: 0o700 })
    await mountDisk(place, { layers, kind: host.diskKind, run })
    const { hostKeys, agentKey } = await provision(place.merged, spec, run)
    const record: MachineRecord = {
      id: spec.id,
      computerName: spec.computerName,
      cpus: spec.cpus,
      memoryMiB: spec.memoryMiB,
      layers: [...layers],
      rest: 'stopped',
      facts: {
        address: machine.address,
        prefixLength: plan.prefixLength,
        subnet: plan.subnet,
        macAddress: macAddress(spec.id),
        hostKeys,
        agentKey,
        os: image.os,
      },
    }
    await writeRecord(place, record)
    return record
  }

  async function discard(id: string): Promise<void> {
    await takeDown(host, id)
    await removeDisk(machinePlace(site, id).folder, run)
  }

  function whole(id: string): { machine: Machine; record: MachineRecord } {
    const machine = machines.find(id)
    if (!machine?.record) throw new Error(`There is no machine ${id}.`)
    return { machine, record: machine.record }
  }

  return {
    kind: 'sandbox',
    missing: [],

    async open(wanted, progress) {
      if (opened) throw new Error('The machine driver is open already.')
      await mkdir(site.stateDir, { recursive: true, mode: 0o700 })
      const image = await ensureImage({ cacheDir, recipe: serverRecipe, run, progress })
      const layer = await ensureInstanceLayer(site, {
        imageRoot: image.root,
        caPem: fabric.caPem,
        cgroups: host.cgroups,
        run,
      })
      const trouble = await nodeTrouble(image.root, nodePath, run)
      if (trouble !== undefined) warn(agentless(trouble), undefined)
      const binds = await placeAgent(site, { program: fabric.agent, caPem: fabric.caPem, nodePath })
      await waitForStragglers(site)
      const found = await sortLeftovers(host, new Set(wanted))
      const plan = await openNetwork(site, run)
      for (const { record, init } of found) {
        const { id, computerName, facts } = record
        machines.add({ id, computerName, address: facts.address, record, init, state: init ? 'running' : record.rest })
      }
      const closeFabric = await openFabric(site.network, { fabric, roster: machines, nodePath })
      const closeWatch = watchMachines()
      opened = {
        plan,
        image,
        layers: [layer, image.root],
        binds,
        close: () => [closeFabric, closeWatch].forEach(close => void close()),
      }
      for (const { record, init } of found) {
        if (init || !(await wantsReboot(machinePlace(site, record.id)))) continue
        progress(`Starting machine ${record.computerName}, which was on its way to a reboot`)
        const { machine } = whole(record.id)
        await inTurn(record.id, () => start(machine, record))
      }
    },

    create(spec) {
      const { plan } = open()
      checkSpec(spec)
      return inTurn(spec.id, async () => {
        const existing = machines.find(spec.id)
        if (existing?.record) {
          await ensureStarted(existing, existing.record)
          return existing.record.facts
        }
        const address = nextAddress(plan.subnet, machines.usedAddresses())
        const { id, computerName } = spec
        const machine: Machine = { id, computerName, address, state: 'starting', record: undefined, init: undefined }
        machines.add(machine)
        try {
          const record = await limited(() => make(machine, spec))
          machine.record = record
          await start(machine, record)
          return record.facts
        } catch (error) {
          machine.init = undefined
          await discard(id)
          machines.drop(machine)
          throw error
        }
      })
    },

    powerOn: id =>
      inTurn(id, async () => {
        const { machine, record } = whole(id)
        await ensureStarted(machine, record)
      }),

    powerOff: (id, { graceful }) =>
      inTurn(id, async () => {
        const { machine, record } = whole(id)
        if (!machine.init) return
        await stop(machine, machine.init, { graceMs: graceful ? gracePeriodMs : 0 })
        await rest(machine, record, 'stopped')
      }),

    deallocate: id =>
      inTurn(id, async () => {
        const { machine, record } = whole(id)
        if (machine.init) await stop(machine, machine.init, { graceMs: gracePeriodMs })
        await rest(machine, record, 'deallocated')
      }),

    remove: id =>
      inTurn(id, async () => {
        const machine = machines.find(id)
        // From here on nobody takes its end for a power-off of its own.
        if (machine) machine.init = undefined
        await discard(id)
        if (machine) machines.drop(machine)
      }),

    powerState: async id => machines.find(id)?.state,

    async exec(id, argv, options = {}) {
      const { machine } = whole(id)
      if (!machine.init || !isAlive(machine.init)) throw new Error(`Machine ${id} is not running.`)
      execs += 1
      return execInContainer({ site, place: machinePlace(site, id), run }, argv, { ...options, token: `${execs}` })
    },

    filterPackets(filters) {
      open()
      return applyPacketFilters(site, filters, run)
    },

    watch: machines.watch,

    async close({ machines: fate }) {
      if (!opened) return
      opened.close()
      opened = undefined
      if (fate === 'keep') return
      const closing = machines.all().map(machine =>
        inTurn(machine.id, async () => {
          if (!machine.init || !machine.record) return
          await stop(machine, machine.init, { graceMs: closingPeriodMs })
          await rest(machine, machine.record, 'stopped')
        }),
      )
      await Promise.all(closing)
      await removeNetwork(site, run)
      await removeGroup(host.cgroups, site.cgroup)
      await rm(site.runcRoot, { recursive: true, force: true })
    },
  }
}
