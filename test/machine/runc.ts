import { join } from 'node:path'
import type { Lazuli } from '../start.ts'

/** What a command of runc begins with that is about the machines of this Lazuli. A container is called as Azure's `vmId`. */
export const runcOf = (lazuli: Lazuli) => ['runc', '--root', join(lazuli.directory, 'machines', 'runc')]

/** The machine's first process, as the host counts. */
export async function initOf(lazuli: Lazuli, vmId: string): Promise<string> {
  const { stdout } = await lazuli.run([...runcOf(lazuli), 'state', vmId])
  return String(JSON.parse(stdout).pid)
}
