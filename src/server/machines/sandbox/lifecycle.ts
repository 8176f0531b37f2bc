/** Everything a machine needs in order to run, brought up and taken down again. What stays in between is its disk. */

import type { Run } from '../run.ts'
import { type CgroupLayout, limitGroup, removeGroup } from './cgroups.ts'
import { deleteContainer, startContainer } from './container.ts'
import { type DiskKind, mountDisk, unmountDisk } from './disk.ts'
import type { InitProcess } from './init-process.ts'
import { connectMachine, disconnectMachine } from './network.ts'
import type { BindMount } from './oci.ts'
import type { MachineRecord } from './record.ts'
import { machinePlace, type Site } from './site.ts'
import type { AddressPlan } from './subnets.ts'

/** The host as far as machines need it; decided by probing. */
export type Host = {
  readonly site: Site
  readonly run: Run
  readonly cgroups: CgroupLayout
  readonly diskKind: DiskKind
  readonly capabilities: ReadonlySet<string>
}

/** Far above what a busy server needs and far below what would hurt the host. */
const maxProcesses = 4096

/** Starts the machine; when that fails, nothing of it is left but its disk. */
export async function bringUp(
  host: Host,
  record: MachineRecord,
  { plan, binds }: { plan: AddressPlan; binds: readonly BindMount[] },
): Promise<InitProcess> {
  const { site, run, cgroups, diskKind, capabilities } = host
  const place = machinePlace(site, record.id)
  try {
    const ready = await Promise.allSettled([
      mountDisk(place, { layers: record.layers, kind: diskKind, run }),
      connectMachine(place, { site, plan, address: record.facts.address, run }),
      limitGroup(cgroups, place.cgroup, { memoryMiB: record.memoryMiB, cpus: record.cpus, processes: maxProcesses }),
    ])
    for (const outcome of ready) if (outcome.status === 'rejected') throw outcome.reason
    const wish = {
      root: place.merged,
      hostname: record.computerName,
      networkNamespace: `/run/netns/${place.network}`,
      cgroup: `${place.cgroup}/machine`,
      binds,
      boundingCapabilities: capabilities,
    }
    return await startContainer(site, place, wish, run)
  } catch (error) {
    await takeDown(host, record.id)
    throw error
  }
}

/** Ends what still runs and gives everything back but the disk. Does nothing for a machine that is down. */
export async function takeDown({ site, run, cgroups }: Host, id: string): Promise<void> {
  const place = machinePlace(site, id)
  await deleteContainer(site, id, run)
  const done = await Promise.allSettled([
    disconnectMachine(place, { site, run }),
    unmountDisk(place, run),
    removeGroup(cgroups, place.cgroup),
  ])
  for (const outcome of done) if (outcome.status === 'rejected') throw outcome.reason
}
