import type { PowerState } from '../driver.ts'
import type { InitProcess } from './init-process.ts'
import type { MachineRecord } from './record.ts'

export type Machine = {
  readonly id: string
  readonly computerName: string
  readonly address: string
  state: PowerState
  /** Undefined until the machine is whole. */
  record: MachineRecord | undefined
  /** Undefined while the machine does not run. */
  init: InitProcess | undefined
}

export type StateListener = (id: string, state: PowerState) => void

export type Roster = ReturnType<typeof roster>

/** The machines of an instance, found by id, by address and by name, and whoever listens for their power states. */
export function roster() {
  const machines = new Map<string, Machine>()
  const idByAddress = new Map<string, string>()
  const listeners = new Set<StateListener>()

  return {
    all: () => [...machines.values()],
    find: (id: string) => machines.get(id),
    idAt: (address: string) => idByAddress.get(address),
    usedAddresses: (): ReadonlySet<string> => new Set(idByAddress.keys()),
    addressOf: (name: string) => [...machines.values()].find(one => one.computerName.toLowerCase() === name)?.address,
    add(machine: Machine): void {
      machines.set(machine.id, machine)
      idByAddress.set(machine.address, machine.id)
    },
    drop(machine: Machine): void {
      machines.delete(machine.id)
      idByAddress.delete(machine.address)
    },
    setState(machine: Machine, state: PowerState): void {
      if (machine.state === state) return
      machine.state = state
      for (const listener of listeners) listener(machine.id, state)
    },
    watch(listener: StateListener): () => void {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}
