/**
 * A command that cannot do what it was asked. Exit codes are what scripts may rely on: 1 it failed, 2 it was not asked for
 * properly, 3 the named thing does not exist. `next` says what to do about it, one line each.
 */
export class Failure extends Error {
  readonly exitCode: number
  readonly next: readonly string[]

  constructor(exitCode: number, message: string, next: readonly string[], cause?: unknown) {
    super(message, cause === undefined ? {} : { cause })
    this.exitCode = exitCode
    this.next = next
  }
}

export const failed = (message: string, ...next: string[]): Failure => new Failure(1, message, next)
export const wrongUsage = (message: string, ...next: string[]): Failure => new Failure(2, message, next)
export const notFound = (message: string, ...next: string[]): Failure => new Failure(3, message, next)
