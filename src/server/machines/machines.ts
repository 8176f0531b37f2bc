import type { Exec, MachineFacts, MachineSpec, PowerState } from './driver.ts'

/** Machines as the resource manager sees them; the driver below decides what a machine really is. */
export type Machines = {
  readonly kind: 'sandbox' | 'none'
  /** Why nothing that needs a real machine can be done here; empty when it can. */
  readonly missing: readonly string[]
  create(spec: MachineSpec): Promise<MachineFacts>
  powerOn(id: string): Promise<void>
  powerOff(id: string, options: { graceful: boolean }): Promise<void>
  deallocate(id: string): Promise<void>
  remove(id: string): Promise<void>
  powerState(id: string): Promise<PowerState>
  exec(id: string, argv: readonly string[], options?: { stdin?: string; timeoutMs?: number }): Promise<Exec>
}
