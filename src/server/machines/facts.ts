import type { Resource } from '../store/resources.ts'
import type { MachineFacts } from './driver.ts'

/** What the driver said when it made the machine. Kept beside the properties, and never shown by the resource manager. */
export function machineFactsOf(resource: Resource): MachineFacts | undefined {
  return resource.body.machine as MachineFacts | undefined
}
