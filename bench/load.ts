import { join } from 'node:path'
import { processorSeconds, type Side } from './cores.ts'
import { peersFolder } from './peers.ts'
import { result } from './program.ts'

type Load = {
  readonly url: string
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  readonly connections: number
  readonly seconds: number
  /** So many requests, however long they take. */
  readonly amount?: number
  /** The number of the first request, which takes the place of `{n}` in the path. */
  readonly from?: number
}

type Outcome = {
  readonly requests: number
  readonly perSec: number
  readonly answers: Readonly<Record<string, number>>
  readonly errors: number
  readonly latencyMs: { readonly median: number; readonly p99: number }
  /** The number that the next request would have had. */
  readonly next: number
}

/** Requests over connections that stay open. Rejects unless all were answered with a 2xx. */
export async function load(wish: Load, side: Side | undefined = 'load'): Promise<Outcome> {
  const argv = [process.execPath, join(peersFolder, 'load.mjs')]
  const outcome = await result<Outcome>({ argv, ...(side ? { side } : {}), input: { from: 0, ...wish } })
  const refused = Object.entries(outcome.answers).filter(([status]) => !status.startsWith('2'))
  if (refused.length > 0 || outcome.errors > 0) {
    throw new Error(
      `${wish.method} ${wish.url}: ${JSON.stringify(outcome.answers)}, ${outcome.errors} without an answer`,
    )
  }
  return outcome
}

/** Like `load`, for a server that it keeps busy: how many were answered in a second of that process's time. */
export async function loadPerCoreSecond(pid: number, wish: Load): Promise<number> {
  const before = processorSeconds(pid)
  const { requests } = await load(wish)
  return requests / (processorSeconds(pid) - before)
}

/** Runs each in turn, several times over, so that what disturbs the host disturbs them all. The first turn only warms up. */
export async function inTurn<Name extends string>(
  rounds: number,
  contestants: Readonly<Record<Name, () => Promise<number>>>,
): Promise<Record<Name, number[]>> {
  const names = Object.keys(contestants) as Name[]
  const samples = Object.fromEntries(names.map(name => [name, [] as number[]])) as Record<Name, number[]>
  for (let round = 0; round <= rounds; round++) {
    for (const name of names) {
      const sample = await contestants[name]()
      if (round > 0) samples[name].push(sample)
    }
  }
  return samples
}
