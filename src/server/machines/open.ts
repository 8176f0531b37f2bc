import type { Log } from '../log.ts'
import type { Fabric, MachineDriver } from './driver.ts'
import { recordedMachines } from './none.ts'
import { type Probe, probeHost } from './probe.ts'
import { run } from './run.ts'
import { sandboxDriver } from './sandbox/driver.ts'
import { site } from './sandbox/site.ts'

export type DriverChoice = {
  /** What was asked for; undefined takes the best that works here. */
  readonly mode: 'sandbox' | 'none' | undefined
  readonly stateDir: string
  /** Images, shared by all data directories. */
  readonly cacheDir: string
  /** A short name for the data directory, different from those of all others on this host. */
  readonly instance: string
  readonly fabric: Fabric
  readonly log: Pick<Log, 'warn'>
}

/** Chooses the machine driver. Rejects when sandboxes are asked for and this host cannot have them. */
export async function chooseDriver(choice: DriverChoice): Promise<MachineDriver> {
  const { mode, stateDir, cacheDir, instance, fabric, log } = choice
  if (mode === 'none') return recordedMachines(stateDir, ['Lazuli was started with --machines none.'])

  const { probes, sandbox } = await probeHost({ stateDir, cacheDir, instance, run })
  if (!sandbox) {
    const missing = probes.filter(probe => !probe.ok && !probe.optional).map(sentence)
    if (mode === 'sandbox') throw new Error(`Sandbox machines do not work on this host.\n${missing.join('\n')}`)
    return recordedMachines(stateDir, missing)
  }
  return sandboxDriver({
    host: { site: site(instance, stateDir), run, ...sandbox },
    cacheDir,
    fabric,
    nodePath: process.execPath,
    warn: (message, error) => log.warn({ err: error }, message),
  })
}

const sentence = ({ name, detail, remedy }: Probe): string => `No ${name}: ${detail}. ${remedy}`
