import type { Config } from '../server/config.ts'
import type { RunningServer } from '../server/main.ts'
import { removeServerRecord, type ServerRecord, writeServerRecord } from './server-record.ts'
import { startFailure } from './start-failure.ts'

/** What is worth telling about a server that has just become ready. */
export type Ready = {
  readonly url: string
  readonly data: string
  readonly pid: number
  readonly machines: 'sandbox' | 'none'
  /** Why there are no real machines; empty when there are. */
  readonly missing: readonly string[]
}

export type ServeOptions = {
  readonly progress: (line: string) => void
  /** Called once. With `end`, the server is not wanted any longer. */
  readonly onReady: (ready: Ready) => Promise<'serve on' | 'end'>
  /** Where the server's log goes, if not to the terminal. */
  readonly logFile?: string
  /** Ends the server as a signal would. */
  readonly abort?: AbortSignal
}

/** Runs a server in this process until a signal or a client ends it. */
export async function serve(config: Config, options: ServeOptions): Promise<void> {
  const signals = stopSignals(options.progress)
  const abort = AbortSignal.any([signals.abort, ...(options.abort ? [options.abort] : [])])
  try {
    const server = await start(config, options)
    const unwanted = new Promise<'end'>(resolve => abort.addEventListener('abort', () => resolve('end')))
    const ended = Promise.race([unwanted, server.ended.then(() => 'end' as const)])
    // Who waits for it hears of it; nobody may, because what went wrong before has ended the waiting.
    ended.catch(() => undefined)
    const end = () => server.close({ machines: 'stop' }).finally(() => removeServerRecord(config.directory))
    try {
      await writeServerRecord(config.directory, recordOf(server, config, options)).catch(error => {
        throw startFailure(error, config)
      })
      // A signal that came while the server was starting has waited until everything is in a state that can be ended.
      const next = abort.aborted ? 'end' : await Promise.race([options.onReady(readyOf(server, config)), ended])
      if (next !== 'end') await ended
    } catch (error) {
      // A disk that is full is full for the end, too; what is told is what came first.
      await end().catch(() => undefined)
      throw error
    }
    await end()
  } finally {
    signals.release()
  }
}

async function start(config: Config, { progress }: ServeOptions): Promise<RunningServer> {
  // Loaded only now: no other command needs the server's code.
  const { startServer } = await import('../server/main.ts')
  return startServer(config, progress).catch(error => {
    throw startFailure(error, config)
  })
}

const recordOf = ({ url }: RunningServer, { domain }: Config, { logFile }: ServeOptions): ServerRecord => ({
  pid: process.pid,
  url,
  port: Number(new URL(url).port || 443),
  domain,
  ...(logFile === undefined ? {} : { logFile }),
})

const readyOf = ({ url, machines }: RunningServer, { directory }: Config): Ready => ({
  url,
  data: directory,
  pid: process.pid,
  machines: machines.kind,
  missing: machines.missing,
})

/** One Ctrl-C can arrive twice, from the terminal and from npm. A later one means that somebody has lost patience. */
const sameCtrlCMs = 1_000

function stopSignals(progress: (line: string) => void): { abort: AbortSignal; release(): void } {
  const controller = new AbortController()
  let firstAt = 0
  const onSignal = () => {
    if (!controller.signal.aborted) {
      firstAt = performance.now()
      progress('Stopping. Ctrl-C again ends it at once.')
      controller.abort()
    } else if (performance.now() - firstAt > sameCtrlCMs) process.exit(1)
  }
  const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  for (const name of names) process.on(name, onSignal)
  return {
    abort: controller.signal,
    release() {
      for (const name of names) process.off(name, onSignal)
    },
  }
}
