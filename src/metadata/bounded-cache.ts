export type BoundedCache<Value> = {
  get(key: string): Value | undefined
  set(key: string, value: Value): void
  /** Drops every entry whose key starts so. */
  dropPrefix(prefix: string): void
}

/**
 * Keeps the most recently used entries, between `limit / 2` and `limit` of them. Two generations instead of a linked
 * list: a hit in the young one changes nothing, which keeps the hot path at one look-up.
 */
export function boundedCache<Value>(limit: number): BoundedCache<Value> {
  const generationSize = Math.ceil(limit / 2)
  let young = new Map<string, Value>()
  let old = new Map<string, Value>()

  const set = (key: string, value: Value) => {
    old.delete(key)
    if (young.size >= generationSize && !young.has(key)) {
      old = young
      young = new Map()
    }
    young.set(key, value)
  }

  return {
    get(key) {
      const value = young.get(key)
      if (value !== undefined) return value
      const kept = old.get(key)
      if (kept !== undefined) set(key, kept)
      return kept
    },
    set,
    dropPrefix(prefix) {
      for (const generation of [young, old]) {
        for (const key of generation.keys()) if (key.startsWith(prefix)) generation.delete(key)
      }
    },
  }
}
