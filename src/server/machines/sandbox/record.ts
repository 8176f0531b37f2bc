import { readdir, readFile } from 'node:fs/promises'
import * as z from 'zod'
import { isErrno, writeDurably } from '../../store/durable-file.ts'
import type { MachinePlace, Site } from './site.ts'

/** What outlives the server and the host about a machine that is whole. It holds no secret. */
const recordSchema = z.object({
  id: z.string(),
  computerName: z.string(),
  cpus: z.number(),
  memoryMiB: z.number(),
  /** The lower layers of its disk, topmost first. They belong to the machine: a newer image is for newer machines. */
  layers: z.array(z.string()),
  /** How it was when nobody is to run it: Azure tells these two apart, and bills only the first. */
  rest: z.enum(['stopped', 'deallocated']),
  facts: z.object({
    address: z.string(),
    prefixLength: z.number(),
    subnet: z.string(),
    macAddress: z.string(),
    hostKeys: z.array(z.object({ type: z.string(), publicKey: z.string(), fingerprint: z.string() })),
    os: z.object({ name: z.string(), version: z.string() }),
    agentKey: z.string().optional(),
  }),
})

export type MachineRecord = z.infer<typeof recordSchema>

export const writeRecord = (place: MachinePlace, record: MachineRecord): Promise<void> =>
  writeDurably(place.record, `${JSON.stringify(record, undefined, 2)}\n`, { mode: 0o600 })

/** Undefined for a machine whose making was cut short. */
export async function readRecord(place: MachinePlace): Promise<MachineRecord | undefined> {
  try {
    return recordSchema.parse(JSON.parse(await readFile(place.record, 'utf8')))
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined
    throw error
  }
}

/** The ids of all machines with a folder, whole or not. */
export async function recordedIds(site: Site): Promise<string[]> {
  const entries = await readdir(site.stateDir, { withFileTypes: true })
  return entries.filter(entry => entry.isDirectory() && /^[0-9a-f-]{36}$/.test(entry.name)).map(entry => entry.name)
}
