import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { directoryHolder } from '../server/store/directory-lock.ts'
import { readIfPresent, writeDurably } from '../server/store/durable-file.ts'

/** What a running server says about itself to the other commands, in the data directory's `server.json`. */
export type ServerRecord = {
  readonly pid: number
  readonly url: string
  readonly port: number
  readonly domain: string
  /** Undefined when the log goes to the terminal that the server was started from. */
  readonly logFile?: string
}

const fileIn = (directory: string) => join(directory, 'server.json')

export async function writeServerRecord(directory: string, record: ServerRecord): Promise<void> {
  await writeDurably(fileIn(directory), `${JSON.stringify(record)}\n`, { mode: 0o600 })
}

/** Removes the record of this process. Its successor may have written one already. */
export async function removeServerRecord(directory: string): Promise<void> {
  const text = await readIfPresent(fileIn(directory))
  if (text !== undefined && JSON.parse(text).pid === process.pid) await rm(fileIn(directory), { force: true })
}

/** The record of the server that runs now. What a crash left behind does not count: the lock says who runs. */
export async function readServerRecord(directory: string): Promise<ServerRecord | undefined> {
  const holder = directoryHolder(directory)
  if (holder === undefined) return undefined
  const text = await readIfPresent(fileIn(directory))
  if (text === undefined) return undefined
  const record: ServerRecord = JSON.parse(text)
  return record.pid === holder ? record : undefined
}
