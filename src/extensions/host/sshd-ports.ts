/** Where sshd can be reached. A reset must not move it: a firewall outside the machine may know only that port. */

import type { Run } from './run.ts'
import { type Effective, readEffective, readSshFiles } from './sshd.ts'
import { writtenPorts } from './sshd-config.ts'
import { findSshUnit, type SshUnit, socketPorts } from './sshd-unit.ts'

const ascending = (ports: readonly number[]) => [...new Set(ports)].sort((one, other) => one - other)

/** Of what `sshd -T` prints: its addresses name the ports, for one that is written with an address beats `Port`. */
export function portsOf(effective: Effective): number[] {
  const addresses = (effective.get('listenaddress') ?? []).flatMap(value => /:(\d+)$/.exec(value)?.[1] ?? [])
  return ascending((addresses.length > 0 ? addresses : (effective.get('port') ?? [])).map(Number))
}

/** The ports that the configuration names; undefined when sshd cannot read it. */
export async function configuredPorts(run: Run): Promise<number[] | undefined> {
  try {
    return portsOf(await readEffective(run))
  } catch {
    // That it cannot be read is what a reset is for, and no other step is begun then.
    return undefined
  }
}

/** The ports that sshd is to be found on now: those of its socket, of its configuration, or what can be read of one. */
export async function presentPorts(unit: SshUnit, run: Run): Promise<number[]> {
  const bySystemd = await socketPorts(unit, run)
  if (bySystemd.length > 0) return ascending(bySystemd)
  return (await configuredPorts(run)) ?? ascending(writtenPorts(readSshFiles()))
}

/** `presentPorts` for who does not know the unit yet; the usual one when nothing says anything. */
export async function reachablePorts(run: Run): Promise<number[]> {
  const ports = await presentPorts(await findSshUnit(run), run)
  return ports.length > 0 ? ports : [usualPort]
}

const usualPort = 22
