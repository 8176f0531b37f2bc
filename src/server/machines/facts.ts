import type { Resource } from '../store/resources.ts'
import type { MachineFacts } from './driver.ts'

/** How a machine is to be when nothing is being done to it: what a start of the server brings about. */
export type RestingPower = 'running' | 'stopped' | 'deallocated'

/** What the server keeps of a machine beside the properties. The resource manager never shows it. */
export type StoredMachine = {
  readonly power: RestingPower
  /** The name the driver knows its root file system by. */
  readonly image: string
  /** What it was made with, which may be less than its size promises. */
  readonly granted?: { readonly cpus: number; readonly memoryMiB: number }
  /** Undefined until the driver has made it. */
  readonly facts?: MachineFacts
  /** Custom data may not change, and may be secret: only its SHA-256 is kept. */
  readonly customDataDigest?: string
  /** PEM: what the agent wants secrets to be encrypted for. Undefined until it has spoken for the first time. */
  readonly certificate?: string
}

export const storedMachineOf = ({ body }: Pick<Resource, 'body'>): StoredMachine => body.machine as StoredMachine

/** What the driver said when it made the machine. Undefined before, and where machines are only recorded. */
export function machineFactsOf(resource: Pick<Resource, 'body'>): MachineFacts | undefined {
  const { facts } = storedMachineOf(resource)
  return facts?.address ? facts : undefined
}

export const vmIdOf = ({ body }: Pick<Resource, 'body'>): string => String(body.properties.vmId)
