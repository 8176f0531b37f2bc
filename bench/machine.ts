import { execFile, execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { instanceOf } from '../src/server/config.ts'
import { machinePlace, site } from '../src/server/machines/sandbox/site.ts'
import type { Server } from './lazuli.ts'
import { openGroup } from './machines.ts'

export const machineVersion = 'api-version=2024-11-01'

/** A machine that runs, seen from the host as well as from inside. */
export type Machine = {
  /** Its path in the resource manager, without a version. */
  readonly path: string
  readonly principalId: string
  /**
   * What the machine writes, as the host sees it: the times of its files say when each step was done, by the clock of
   * the benchmark.
   */
  readonly upper: string
  /** Runs a script of the shell as root, past the agent. Returns what it prints. */
  inside(script: string, input?: string | Uint8Array): string
  /** The same, while other things go on. */
  start(script: string): Promise<string>
  /** Processor time so far and memory of a unit's main process. */
  unit(name: string): { readonly pid: number } & Figures
  remove(): Promise<void>
}

export async function openMachine(server: Server, data: string, name: string): Promise<Machine> {
  const group = await openGroup(server)
  const made = await group.create(name)
  const path = group.pathOf(name)
  const { properties, identity } = await server.client.ask<{
    properties: { vmId: string }
    identity: { principalId: string }
  }>('GET', `${path}?${machineVersion}`)
  const at = site(instanceOf(data), join(data, 'machines'))

  const argv = (script: string) => ['--root', at.runcRoot, 'exec', properties.vmId, 'sh', '-c', script]
  const inside: Machine['inside'] = (script, input) =>
    execFileSync('runc', argv(script), {
      encoding: 'utf8',
      ...(input === undefined ? { stdio: ['ignore', 'pipe', 'pipe'] } : { stdio: 'pipe', input }),
      maxBuffer: 2 ** 26,
    })

  return {
    path,
    inside,
    start: async script => (await promisify(execFile)('runc', argv(script))).stdout,
    principalId: identity.principalId,
    upper: machinePlace(at, properties.vmId).upper,
    unit(unit) {
      const pid = Number(inside(`systemctl show -P MainPID ${unit}`))
      const text = inside(`cat /proc/${pid}/stat && grep VmRSS: /proc/${pid}/status`)
      return { pid, ...figuresOf(text) }
    },
    remove: () => group.remove(made),
  }
}

type Figures = {
  readonly seconds: number
  /** Of programs that it has started and that have ended. */
  readonly childSeconds: number
  readonly residentMiB: number
}

/** Of proc_pid_stat(5), whose second field is a name in parentheses, and proc_pid_status(5). */
function figuresOf(text: string): Figures {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const ticks = Number(fields[11]) + Number(fields[12])
  const ticksOfChildren = Number(fields[13]) + Number(fields[14])
  return {
    seconds: ticks / 100,
    childSeconds: ticksOfChildren / 100,
    residentMiB: Number(/VmRSS:\s*(\d+)/.exec(text)?.[1]) / 1024,
  }
}
