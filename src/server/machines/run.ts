/** The one door to other programs. Arguments are arrays, so no shell ever reads them; secrets go in on `stdin`. */

import { type ChildProcess, spawn } from 'node:child_process'
import type { Readable } from 'node:stream'

export type Ran = { readonly exitCode: number; readonly stdout: string; readonly stderr: string }

export type RunOptions = {
  readonly stdin?: string
  readonly timeoutMs?: number
  /** Called once, when the time is over; what it does must end the program. Default: SIGKILL to the program itself. */
  readonly onTimeout?: (child: ChildProcess) => void
  /** Return on every exit code instead of failing on all but 0. */
  readonly anyExit?: boolean
  /** Keep nothing of what it writes: for programs that leave one behind, which would hold our pipes open. */
  readonly discardOutput?: boolean
  /** Called with each line of standard error as it comes. */
  readonly onProgress?: (line: string) => void
}

export type Run = (command: string, args: readonly string[], options?: RunOptions) => Promise<Ran>

/** What is kept of each output stream; the rest is read and dropped, so that the program never blocks. */
const maxOutputBytes = 1024 * 1024

export class CommandFailed extends Error {
  override readonly name = 'CommandFailed'
  readonly ran: Ran
  /** The end of a sentence that begins with the program's name. */
  readonly reason: string

  constructor(command: string, args: readonly string[], ran: Ran, reason: string) {
    const said = (ran.stderr.trim() || ran.stdout.trim()).slice(-2000)
    super(
      `${[command, ...args.slice(0, 4)].join(' ')}${args.length > 4 ? ' …' : ''} ${reason}${said ? `: ${said}` : ''}`,
    )
    this.ran = ran
    this.reason = reason
  }
}

/** Runs a program to its end. Rejects with CommandFailed, which carries what the program wrote to standard error. */
export const run: Run = (command, args, options = {}) =>
  new Promise((resolve, reject) => {
    const output = options.discardOutput ? 'ignore' : 'pipe'
    const child = spawn(command, args, { stdio: ['pipe', output, output] })
    const stdout = boundedText(child.stdout)
    const stderr = boundedText(child.stderr)
    if (options.onProgress) forEachLine(child.stderr, options.onProgress)

    let timedOut = false
    const onTimeout = () => {
      timedOut = true
      // Whoever else holds the pipes is not waited for.
      child.once('exit', () => closePipes(child))
      if (child.exitCode !== null || child.signalCode !== null) closePipes(child)
      else if (options.onTimeout) options.onTimeout(child)
      else child.kill('SIGKILL')
    }
    const timer = options.timeoutMs === undefined ? undefined : setTimeout(onTimeout, options.timeoutMs)

    child.on('error', cause => {
      clearTimeout(timer)
      reject(new Error(`${command} cannot be started: ${cause.message}`, { cause }))
    })
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      const ran = { exitCode: code ?? -1, stdout: stdout(), stderr: stderr() }
      if (timedOut) reject(new CommandFailed(command, args, ran, `did not end within ${options.timeoutMs} ms`))
      else if (signal) reject(new CommandFailed(command, args, ran, `was ended by ${signal}`))
      else if (code === 0 || options.anyExit) resolve(ran)
      else reject(new CommandFailed(command, args, ran, `failed with exit code ${code}`))
    })

    // A program that does not read its input closes the pipe; its exit code says whether that was a failure.
    child.stdin?.on('error', () => undefined)
    child.stdin?.end(options.stdin ?? '')
  })

function closePipes(child: ChildProcess): void {
  child.stdout?.destroy()
  child.stderr?.destroy()
}

/** Collects up to maxOutputBytes of a stream; what it returns gives the text so far. */
function boundedText(stream: Readable | null): () => string {
  const chunks: Buffer[] = []
  let size = 0
  stream?.on('data', (chunk: Buffer) => {
    const kept = chunk.subarray(0, maxOutputBytes - size)
    if (kept.length > 0) chunks.push(kept)
    size += kept.length
  })
  return () => Buffer.concat(chunks).toString('utf8')
}

function forEachLine(stream: Readable | null, onLine: (line: string) => void): void {
  let rest = ''
  stream?.on('data', (chunk: Buffer) => {
    const lines = (rest + chunk.toString('utf8')).split(/\r?\n/)
    rest = lines.pop() ?? ''
    for (const line of lines) onLine(line)
  })
}
