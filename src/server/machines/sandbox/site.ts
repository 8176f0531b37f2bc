/** Where everything of one Lazuli instance is and what it is called, so that several can share a host. */

import { createHash } from 'node:crypto'
import { join } from 'node:path'

export type Site = {
  /** A short name for the data directory; part of every name that the host sees. */
  readonly instance: string
  readonly stateDir: string
  readonly network: string
  readonly uplink: string
  readonly cgroup: string
  readonly runcRoot: string
}

export type MachinePlace = {
  readonly id: string
  readonly folder: string
  readonly record: string
  /** On hosts whose own file system cannot carry an overlay, a tmpfs is mounted here. */
  readonly disk: string
  readonly upper: string
  readonly work: string
  readonly merged: string
  readonly bundle: string
  readonly pidFile: string
  readonly network: string
  readonly cgroup: string
}

export function site(instance: string, stateDir: string): Site {
  // Interface names have 15 characters at most.
  if (!/^[a-z0-9]{1,12}$/.test(instance)) throw new Error(`'${instance}' is not an instance name: 1 to 12 of a-z, 0-9.`)
  return {
    instance,
    stateDir,
    network: `lz-${instance}`,
    uplink: `lz-${instance}`,
    cgroup: `/lazuli-${instance}`,
    runcRoot: join(stateDir, 'runc'),
  }
}

export function machinePlace(of: Site, id: string): MachinePlace {
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id)) throw new Error(`'${id}' is not a lower-case GUID.`)
  const folder = join(of.stateDir, id)
  return {
    id,
    folder,
    record: join(folder, 'machine.json'),
    disk: join(folder, 'disk'),
    upper: join(folder, 'disk', 'upper'),
    work: join(folder, 'disk', 'work'),
    merged: join(folder, 'merged'),
    bundle: join(folder, 'bundle'),
    pidFile: join(folder, 'bundle', 'init.pid'),
    network: `${of.network}-${id}`,
    cgroup: `${of.cgroup}/${id}`,
  }
}

/** A number that differs between instances, to start looking for a free subnet at. */
export const instanceSeed = (of: Site): number => createHash('sha256').update(of.instance).digest().readUInt32BE(0)
