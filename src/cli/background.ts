/**
 * `up --detach`: the server is another process, which ends when it is told to and not with the terminal. The two talk
 * over a channel until it is ready: the configuration goes down, what happens comes up.
 */

import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import type { Config } from '../server/config.ts'
import { makePrivateFolder } from '../server/store/private-folder.ts'
import { Failure, failed } from './failure.ts'
import { type Ready, serve } from './serve.ts'
import { serverLog } from './server-log.ts'
import { startFailure } from './start-failure.ts'

type FromServer =
  | { readonly kind: 'progress'; readonly line: string }
  | { readonly kind: 'ready'; readonly ready: Ready }
  | { readonly kind: 'failed'; readonly exitCode: number; readonly message: string; readonly next: readonly string[] }

/** Starts a server in a process of its own. Returns when it is ready, rejects with the reason why it did not start. */
export async function startInBackground(config: Config, progress: (line: string) => void): Promise<Ready> {
  await makePrivateFolder(config.directory).catch(error => {
    throw startFailure(error, config)
  })
  const logFile = serverLog(config.directory)
  const log = openSync(logFile, 'a', 0o600)
  // The data directory is in the configuration; on the command line it is for people who look at the list of processes.
  const args = [process.argv[1] ?? '', 'up', '--background', '--data', config.directory]
  const child = spawn(process.execPath, [...process.execArgv, ...args], {
    detached: true,
    cwd: '/',
    stdio: ['ignore', log, log, 'ipc'],
  })
  closeSync(log)
  try {
    return await new Promise<Ready>((resolve, reject) => {
      child.on('message', (message: FromServer) => {
        if (message.kind === 'progress') progress(message.line)
        else if (message.kind === 'ready') resolve(message.ready)
        else reject(new Failure(message.exitCode, message.message, message.next))
      })
      child.once('error', reject)
      child.once('exit', (code, signal) =>
        reject(
          failed(`The server ended before it was ready (${signal ?? `exit code ${code}`}).`, `Read why: ${logFile}`),
        ),
      )
      child.send(config)
    })
  } finally {
    if (child.connected) child.disconnect()
    child.unref()
  }
}

/** The other side: runs as `up --background`. */
export async function serveInBackground(): Promise<void> {
  if (!process.send) throw failed('--background is how --detach starts the server; it is of no use by itself.')
  const config = await new Promise<Config>(resolve => process.once('message', resolve))
  const report = (message: FromServer) => {
    if (process.connected) process.send?.(message)
  }
  // Whoever gives up waiting (Ctrl-C) does not want the server any more, either.
  const abandoned = new AbortController()
  const abandon = () => abandoned.abort()
  process.once('disconnect', abandon)
  try {
    await serve(config, {
      progress: line => report({ kind: 'progress', line }),
      onReady: async ready => {
        process.off('disconnect', abandon)
        report({ kind: 'ready', ready })
        return 'serve on'
      },
      logFile: serverLog(config.directory),
      abort: abandoned.signal,
    })
  } catch (error) {
    // Whoever waits tells it. The log is that of a server that runs, perhaps of the one that is in the way.
    if (!(error instanceof Failure) || !process.connected) throw error
    report({ kind: 'failed', exitCode: error.exitCode, message: error.message, next: error.next })
    process.exitCode = error.exitCode
  } finally {
    if (process.connected) process.disconnect()
  }
}
