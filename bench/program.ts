import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { pinned, type Side } from './cores.ts'

/** A program that was started here and ends with the benchmark that started it. */
export type Program = AsyncDisposable & {
  readonly pid: number
  /** The next line of its output that `fits`. Rejects when the program ends first, or is silent for half a minute. */
  line(fits: (line: string) => boolean): Promise<string>
  /** The next line, which is JSON. */
  json<Shape>(): Promise<Shape>
}

type Wish = {
  /** The program and its arguments. */
  readonly argv: readonly string[]
  /** Runs on this processor alone. */
  readonly side?: Side
  /** Is written to standard input as JSON, which is closed then: secrets stay out of process lists. */
  readonly input?: unknown
  readonly env?: NodeJS.ProcessEnv
  readonly cwd?: string
}

const silenceLimitMs = 30_000
const endLimitMs = 30_000

// Ctrl-C reaches everything that was started here, too. Whoever waits for it then fails, and is tidied up after.
let isInterrupted = false
process.on('SIGINT', () => {
  isInterrupted = true
})

export function start(wish: Wish): Program {
  const { child, complaints } = spawned(wish)
  const lines: string[] = []
  const reader = createInterface({ input: child.stdout })
  reader.on('line', line => lines.push(line))

  async function line(fits: (line: string) => boolean): Promise<string> {
    const signal = AbortSignal.timeout(silenceLimitMs)
    for (;;) {
      while (lines.length > 0) {
        const next = lines.shift() ?? ''
        if (fits(next)) return next
      }
      if (child.stdout.readableEnded) throw failure(wish, complaints(), 'ended without the line that was waited for')
      await Promise.race([once(reader, 'line', { signal }), once(reader, 'close', { signal })])
    }
  }

  return {
    pid: child.pid ?? 0,
    line,
    json: async <Shape>() => JSON.parse(await line(() => true)) as Shape,
    [Symbol.asyncDispose]: () => ended(child),
  }
}

/** Runs a program to its end and reads the JSON it prints. Rejects unless it ends with 0. */
export async function result<Shape>(wish: Wish): Promise<Shape> {
  const { child, complaints } = spawned(wish)
  const [output] = await Promise.all([text(child.stdout), once(child, 'close')])
  if (child.exitCode !== 0) throw failure(wish, complaints(), `ended with ${child.exitCode ?? child.signalCode}`)
  return JSON.parse(output)
}

function spawned({ argv, side, input, env = process.env, cwd }: Wish) {
  const [command = '', ...args] = pinned(side, argv)
  const child = spawn(command, args, { stdio: 'pipe', env, ...(cwd ? { cwd } : {}) })
  child.stdin.end(input === undefined ? '' : JSON.stringify(input))
  // What programs say besides their results is only of interest when they fail.
  let complaints = ''
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    complaints = (complaints + chunk).slice(-4_000)
  })
  return { child, complaints: () => complaints }
}

const failure = ({ argv }: Wish, complaints: string, what: string) =>
  new Error(`${argv.join(' ')} ${what}\n${complaints}`.trimEnd())

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const end = once(child, 'exit')
  const lastResort = setTimeout(() => child.kill('SIGKILL'), endLimitMs)
  // A second signal would cut short what the first one began.
  if (!isInterrupted) child.kill('SIGTERM')
  await end
  clearTimeout(lastResort)
}
