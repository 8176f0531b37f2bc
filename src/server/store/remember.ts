/** What a query looks for: one value or several, each always of the same type. */
type RememberedKey = string | Readonly<Record<string, string | number>>

/** Wraps a query so that it remembers what it found, where that is sound. */
export type Remember = <Key extends RememberedKey, Found>(
  find: (key: Key) => Promise<Found>,
) => (key: Key) => Promise<Found>

/** Inside a piece of work: it must see what it has itself just written. */
export const afresh: Remember = find => find

/** Of these no query remembers anything, and so what is written to them alone makes nobody forget. */
const neverRemembered = new Set(['blobs', 'blob_blocks', 'blob_tags', 'content_pieces'])

/** Whether a change in this table may be one of what is remembered; one that cannot be told may. */
export const isRemembered = (table: string | undefined) => table === undefined || !neverRemembered.has(table)

const mostRemembered = 1_000
/** Some keys are what a caller sent, before it is known who that is. */
const longestKey = 1_000

/**
 * For committed state. Every request asks for the same few rows, such as its caller and the caller's roles, and what a
 * query found at one revision stays true until the next: a change is still effective on the next request. Asking
 * SQLite takes 10 µs, most of it in building the query.
 */
export function untilNextWrite(revision: () => number): Remember {
  return <Key extends RememberedKey, Found>(find: (key: Key) => Promise<Found>) => {
    // Promises, of what is not there as well, so that what is known takes no new one.
    const found = new Map<string, Promise<Found>>()
    let foundAt = revision()

    const findAnew = async (key: Key, name: string, asOf: number) => {
      const fresh = Object.freeze(await find(key))
      if (revision() === asOf && name.length <= longestKey) {
        if (found.size >= mostRemembered) found.clear()
        found.set(name, Promise.resolve(fresh))
      }
      return fresh
    }

    return (key: Key) => {
      const now = revision()
      if (now !== foundAt) found.clear()
      foundAt = now
      const name = typeof key === 'string' ? key : inOneText(key)
      return found.get(name) ?? findAnew(key, name, now)
    }
  }
}

/** With the length before each value, so that no two keys are the same text. As JSON it takes twice as long. */
function inOneText(key: Readonly<Record<string, string | number>>): string {
  let text = ''
  for (const member in key) {
    const value = String(key[member])
    text += `${member}:${value.length}:${value},`
  }
  return text
}
