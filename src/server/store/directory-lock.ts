import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/** Whoever opened the data directory before us. */
export class DataDirectoryInUse extends Error {
  readonly directory: string
  readonly pid: number
  constructor(directory: string, pid: number) {
    super(`${directory} is in use by the Lazuli server with pid ${pid}`)
    this.directory = directory
    this.pid = pid
  }
}

/** Longer than anyone looks who only asks whether the directory is locked, and too short to be noticed. */
const patienceMs = 250

/**
 * A lock that the kernel lets go of when the process dies, however it dies: an exclusive transaction, held open on a
 * database of its own. The pid file beside it is only for the message.
 */
export function lockDirectory(directory: string): { release(): void } {
  const lock = new DatabaseSync(lockFile(directory), { timeout: patienceMs })
  try {
    lock.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
  } catch (cause) {
    lock.close()
    if (!isBusy(cause)) throw cause
    throw new DataDirectoryInUse(directory, lastPid(directory))
  }
  writeFileSync(pidFile(directory), `${process.pid}\n`)
  return { release: () => lock.close() }
}

/** The pid of the server that has the data directory open, 0 if it has not said yet; undefined when there is none. */
export function directoryHolder(directory: string): number | undefined {
  if (!existsSync(lockFile(directory))) return undefined
  const lock = new DatabaseSync(lockFile(directory), { readOnly: true, timeout: 0 })
  try {
    lock.exec('SELECT count(*) FROM sqlite_schema')
    return undefined
  } catch (error) {
    if (!isBusy(error)) throw error
    return lastPid(directory)
  } finally {
    lock.close()
  }
}

const lockFile = (directory: string) => join(directory, 'lock.sqlite')
const pidFile = (directory: string) => join(directory, 'server.pid')

function lastPid(directory: string): number {
  return existsSync(pidFile(directory)) ? Number(readFileSync(pidFile(directory), 'utf8')) : 0
}

const isBusy = (error: unknown) => error instanceof Error && /database is locked/.test(error.message)
