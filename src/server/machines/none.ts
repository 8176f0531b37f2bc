/**
 * The driver for hosts without real machines. A machine is only recorded: it has a power state, which it keeps over
 * restarts, and neither an address nor anything that could run a command.
 */

import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as z from 'zod'
import { isErrno, writeDurably } from '../store/durable-file.ts'
import type { MachineDriver, MachineFacts, PowerState } from './driver.ts'

const statesSchema = z.record(z.string(), z.enum(['running', 'stopped', 'deallocated']))
type Recorded = z.infer<typeof statesSchema>[string]

const noFacts: MachineFacts = {
  address: '',
  prefixLength: 0,
  subnet: '',
  macAddress: '',
  hostKeys: [],
  os: { name: '', version: '' },
}

/** `missing` says why, one line each; `stateDir` is where the power states are kept. */
export function recordedMachines(stateDir: string, missing: readonly string[]): MachineDriver {
  const file = join(stateDir, 'recorded.json')
  const listeners = new Set<(id: string, state: PowerState) => void>()
  let states = new Map<string, Recorded>()
  let lastWrite: Promise<void> = Promise.resolve()

  async function save(): Promise<void> {
    // One after the other, so that the last state is the one that stays.
    lastWrite = lastWrite.then(write, write)
    await lastWrite
  }
  const write = () => writeDurably(file, `${JSON.stringify(Object.fromEntries(states))}\n`, { mode: 0o600 })

  async function set(id: string, state: Recorded): Promise<void> {
    if (states.get(id) === state) return
    states.set(id, state)
    await save()
    for (const listener of listeners) listener(id, state)
  }

  function known(id: string): Recorded {
    const state = states.get(id)
    if (!state) throw new Error(`There is no machine ${id}.`)
    return state
  }

  return {
    kind: 'none',
    missing,
    async open(wanted) {
      await mkdir(stateDir, { recursive: true, mode: 0o700 })
      const recorded = Object.entries(await readStates(file))
      states = new Map(recorded.filter(([id]) => wanted.includes(id)))
      if (states.size < recorded.length) await save()
    },
    async create(spec) {
      await set(spec.id, 'running')
      return noFacts
    },
    async powerOn(id) {
      known(id)
      await set(id, 'running')
    },
    async powerOff(id) {
      if (known(id) === 'running') await set(id, 'stopped')
    },
    async deallocate(id) {
      known(id)
      await set(id, 'deallocated')
    },
    async remove(id) {
      if (states.delete(id)) await save()
    },
    powerState: async id => states.get(id),
    async exec() {
      throw new Error(`Nothing can run in a machine that is only recorded. ${missing.join(' ')}`)
    },
    // What is only recorded receives nothing.
    filterPackets: async () => undefined,
    watch(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    async close({ machines }) {
      if (machines === 'keep') return
      for (const [id, state] of states) if (state === 'running') await set(id, 'stopped')
    },
  }
}

async function readStates(file: string): Promise<z.infer<typeof statesSchema>> {
  try {
    return statesSchema.parse(JSON.parse(await readFile(file, 'utf8')))
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return {}
    throw error
  }
}
