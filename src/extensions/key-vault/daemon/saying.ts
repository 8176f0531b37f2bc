/** Says how things stand to whoever reads the status and the list: soon after a change, and never twice the same. */

type Saying = {
  /** Something may have changed. */
  soon(): void
  /** Resolves when it has been said. */
  now(): Promise<void>
}

/** A status file that changes a hundred times a second helps nobody. */
const everyMs = 250

/** Each of the `parts` is written when its mark is another than that which was written last. */
export function openSaying(
  parts: () => readonly { readonly name: string; readonly mark: string; readonly write: () => Promise<void> }[],
  onFailure: (error: unknown) => void,
): Saying {
  const said = new Map<string, string>()
  let timer: NodeJS.Timeout | undefined
  let last: Promise<void> = Promise.resolve()

  async function say(): Promise<void> {
    for (const { name, mark, write } of parts()) {
      if (said.get(name) === mark) continue
      try {
        await write()
        said.set(name, mark)
      } catch (error) {
        onFailure(error)
      }
    }
  }

  function now(): Promise<void> {
    clearTimeout(timer)
    timer = undefined
    last = last.then(say)
    return last
  }

  return {
    now,
    soon() {
      timer ??= setTimeout(() => void now(), everyMs)
    },
  }
}
