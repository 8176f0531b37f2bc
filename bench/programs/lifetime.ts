import type { Lifetime } from '../../src/server/testing/open-lazuli.ts'

/** Ends what was opened within it, last first. */
export function lifetime(): Lifetime & AsyncDisposable {
  const ends: (() => unknown)[] = []
  return {
    after: end => ends.unshift(end),
    async [Symbol.asyncDispose]() {
      for (const end of ends) await end()
    },
  }
}
