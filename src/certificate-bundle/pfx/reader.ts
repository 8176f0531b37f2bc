import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Worker } from 'node:worker_threads'
import type { ReadPfx } from '../bundle.ts'
import { BundleFailure } from '../failure.ts'
import type { BundleParts } from '../parts.ts'
import type { Answer, Question } from './worker.ts'

/** A million iterations, three times, on a slow machine. */
const defaultLimitMs = 30_000
/** The thread has 20 MiB of its own. */
const idleMs = 10_000

/**
 * Where the thread's program is. Bundles have it as a file beside them; a single executable, whose script does not know
 * where it is, has it in the folder above its own.
 */
function programOfThread(): URL {
  const here: string | undefined = import.meta.url
  if (here?.endsWith('.ts')) return new URL('./worker.ts', import.meta.url)
  return new URL('pfx-worker.mjs', here ?? pathToFileURL(join(dirname(process.execPath), '..', 'x')))
}

/** What is in the file is not known: opening it was given up. */
export class TookTooLong extends BundleFailure {
  constructor(limitMs: number) {
    super('too-expensive', `Opening it takes longer than ${limitMs} ms`)
  }
}

export type PfxReader = { readonly read: ReadPfx; close(): Promise<void> }

/**
 * Opens PKCS #12 files in a thread of its own, one after the other, each within a time limit: opening one is work that
 * the file's maker decides on. The thread is started when it is needed, does not keep the process alive, and ends when
 * there was nothing to do for a while.
 */
export function openPfxReader({ limitMs = defaultLimitMs } = {}): PfxReader {
  let worker: Worker | undefined
  let idle: NodeJS.Timeout | undefined
  let queue: Promise<unknown> = Promise.resolve()

  async function stop(): Promise<void> {
    clearTimeout(idle)
    const ended = worker
    worker = undefined
    await ended?.terminate()
  }

  async function ask(question: Question): Promise<BundleParts> {
    clearTimeout(idle)
    worker ??= new Worker(programOfThread())
    const answer = await answerOf(worker, question, limitMs).catch(async error => {
      await stop()
      throw error
    })
    idle = setTimeout(() => void stop(), idleMs).unref()
    worker.unref()
    if ('parts' in answer) return answer.parts
    throw new BundleFailure(answer.failure.reason, answer.failure.message)
  }

  return {
    read(pfx, password) {
      const answer = queue.then(() => ask({ pfx, password }))
      queue = answer.catch(() => undefined)
      return answer
    },
    close: () => queue.then(stop),
  }
}

function answerOf(worker: Worker, question: Question, limitMs: number): Promise<Answer> {
  worker.ref()
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => end(() => reject(new TookTooLong(limitMs))), limitMs)
    const answered = (answer: Answer) => end(() => resolve(answer))
    const failed = (cause: Error) =>
      end(() => reject(new Error(`The thread for PKCS #12 files failed: ${cause.message}`, { cause })))
    const exited = () => failed(new Error('it ended'))
    function end(settle: () => void): void {
      clearTimeout(timer)
      worker.off('message', answered).off('error', failed).off('exit', exited)
      settle()
    }
    worker.on('message', answered).on('error', failed).on('exit', exited)
    worker.postMessage(question)
  })
}
