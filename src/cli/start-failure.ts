import type { Config } from '../server/config.ts'
import { DataDirectoryInUse } from '../server/store/directory-lock.ts'
import { DatabaseRefused } from '../server/store/sqlite.ts'
import { Failure } from './failure.ts'
import { dataFlag } from './installation.ts'

/** Why a server did not start, and what to do about it. What is not foreseen comes out as it is, with its stack. */
export function startFailure(error: unknown, { directory, port }: Config): unknown {
  const flag = dataFlag(directory)
  if (error instanceof DataDirectoryInUse) {
    return failure(`${error.message}.`, error, `See how it is: lazuli status${flag}`, `Stop it: lazuli down${flag}`)
  }
  if (error instanceof DatabaseRefused) return failure(error.message, error)
  if (isDiskFull(error)) {
    return failure(`There is no space left on the disk of ${directory}.`, error, 'Make room there, or use --data DIR.')
  }
  switch (codeOf(error)) {
    case 'EADDRINUSE':
      return failure(`Port ${port} is taken by another program.`, error, 'Take another port: lazuli up --port 0')
    case 'EEXIST':
    case 'ENOENT':
    case 'ENOTDIR':
      return failure(
        `${directory} cannot be made: ${messageOf(error)}`,
        error,
        'Take another data directory (--data DIR).',
      )
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return failure(
        `This user may not do that: ${messageOf(error)}`,
        error,
        'Take a data directory of your own (--data DIR) and a port above 1023 (--port N).',
      )
    default:
      // Thrown on purpose, with a message for people. Other kinds of errors are mistakes of ours and keep their stack.
      return error instanceof Error && error.constructor === Error ? failure(error.message, error) : error
  }
}

const failure = (message: string, cause: unknown, ...next: string[]) => new Failure(1, message, next, cause)

/** https://sqlite.org/rescode.html#full */
const sqliteFull = 13

const isDiskFull = (error: unknown) =>
  codeOf(error) === 'ENOSPC' || (error instanceof Error && 'errcode' in error && error.errcode === sqliteFull)

const codeOf = (error: unknown) => (error instanceof Error && 'code' in error ? error.code : undefined)
const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error))
