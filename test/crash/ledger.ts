/**
 * What clients know of things that they change while the server may die at any moment. An answered change is certain;
 * one that was on its way when the server died has been made or not, and whichever it is, stays so.
 */

/** A text that stands for everything about a thing that a test compares. */
type State = string
export const absent: State = 'absent'
/** Not there any more, and can be taken back. */
export const deleted: State = 'deleted'
/** For what only the answer would have told. */
export const something: State = 'something'

/** The server has answered that nothing was changed. */
export class Refused extends Error {}

export type Ledger = {
  /**
   * Makes a change by `send`, which resolves with the answered state of all these things, and rejects without answer,
   * or with `Refused`.
   */
  change(keys: readonly string[], send: () => Promise<State>, expected?: State): Promise<State>
  /** What was to be changed since it was last compared. */
  changed(): ReadonlySet<string>
  /**
   * Says what is there now, by key, of everything, or of some things alone. Returns one line for each thing that is not
   * as it may be.
   */
  compare(observed: ReadonlyMap<string, State>, among?: ReadonlySet<string>): string[]
  readonly size: number
}

export function openLedger(): Ledger {
  const possible = new Map<string, ReadonlySet<State>>()
  const known = (key: string) => possible.get(key) ?? new Set([absent])
  const changed = new Set<string>()
  return {
    async change(keys, send, expected = something) {
      const before = keys.map(known)
      for (const key of keys) {
        possible.set(key, new Set([...known(key), expected]))
        changed.add(key)
      }
      try {
        const answered = await send()
        for (const key of keys) possible.set(key, new Set([answered]))
        return answered
      } catch (error) {
        if (error instanceof Refused) for (const [i, key] of keys.entries()) possible.set(key, before[i] ?? new Set())
        throw error
      }
    },
    changed: () => new Set(changed),
    compare(observed, among = new Set([...possible.keys(), ...observed.keys()])) {
      const wrong: string[] = []
      for (const key of among) {
        const found = observed.get(key) ?? absent
        const may = known(key)
        if (!may.has(found) && !(may.has(something) && found !== absent && found !== deleted)) {
          wrong.push(`${key} is ${found} and should be ${[...may].join(' or ')}`)
        }
        // Seen is as good as answered.
        possible.set(key, new Set([found]))
        changed.delete(key)
      }
      return wrong
    },
    get size() {
      return possible.size
    },
  }
}
