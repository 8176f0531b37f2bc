/** Runs at most `limit` of the given tasks at once; the others wait in order. */
export function atMost(limit: number): <T>(task: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = []
  let running = 0
  return async task => {
    if (running >= limit) await new Promise<void>(resolve => waiting.push(resolve))
    else running += 1
    try {
      return await task()
    } finally {
      // The place goes to the next in line, or becomes free.
      const next = waiting.shift()
      if (next) next()
      else running -= 1
    }
  }
}

/** Runs the tasks of one key one after the other, and those of different keys independently. */
export function oneByOne(): <T>(key: string, task: () => Promise<T>) => Promise<T> {
  const last = new Map<string, Promise<unknown>>()
  return (key, task) => {
    const done = (last.get(key) ?? Promise.resolve()).then(task, task)
    last.set(key, done)
    const forget = () => {
      if (last.get(key) === done) last.delete(key)
    }
    done.then(forget, forget)
    return done
  }
}

export type Turns = {
  /** Rejects with QueueFull when too many tasks wait, of this key or in all. */
  run<T>(key: string, task: () => Promise<T>): Promise<T>
  /** What still waits is not run, and rejects with QueueFull. */
  close(): void
}

export class QueueFull extends Error {}

/** Runs one task at a time. Keys take turns: a key with many tasks makes each of the others wait for one. */
export function inTurns(most: { readonly perKey: number; readonly inAll: number }): Turns {
  type Waiting = { start(): void; refuse(): void }
  // A Map goes through its keys in the order in which they came.
  const waiting = new Map<string, Waiting[]>()
  let inAll = 0
  let isBusy = false
  let isClosed = false

  /** Whose turn it was goes behind all others, also behind those who have come since. */
  function next(last: string): void {
    const more = waiting.get(last)
    waiting.delete(last)
    if (more) waiting.set(last, more)
    const [first] = waiting
    isBusy = first !== undefined
    if (!first) return
    const [key, [task, ...others]] = first
    if (others.length > 0) waiting.set(key, others)
    else waiting.delete(key)
    inAll--
    task?.start()
  }

  const myTurn = (key: string) =>
    new Promise<void>((start, reject) => {
      const refuse = () => reject(new QueueFull(`Too many tasks wait, ${inAll} in all`))
      const ofKey = waiting.get(key) ?? []
      if (isClosed || ofKey.length >= most.perKey || inAll >= most.inAll) return refuse()
      if (!isBusy) {
        isBusy = true
        return start()
      }
      inAll++
      waiting.set(key, [...ofKey, { start, refuse }])
    })

  return {
    async run(key, task) {
      await myTurn(key)
      try {
        return await task()
      } finally {
        next(key)
      }
    },
    close() {
      isClosed = true
      const refused = [...waiting.values()].flat()
      waiting.clear()
      inAll = 0
      for (const { refuse } of refused) refuse()
    },
  }
}
