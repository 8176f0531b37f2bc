import { parentPort, Worker } from 'node:worker_threads'

/**
 * A thread for work that would hold up everybody else on the event loop. It starts with the first job and ends when it
 * has had none for a while, so that who never needs it pays nothing.
 */
export type Thread<Job, Result> = {
  /** With a limit, a job that takes longer is given up, and its thread with it. */
  run(job: Job, options?: { limitMs?: number }): Promise<Result>
  close(): Promise<void>
}

/** A job that took longer than it may. */
export class JobTooLong extends Error {}

type Answer<Result> = { id: number; result: Result } | { id: number; failure: { name: string; message: string } }

type Pending<Result> = { resolve(result: Result): void; reject(error: Error): void; limit: NodeJS.Timeout | undefined }

/** `program` is a module that calls `answerJobs`. */
export function openThread<Job, Result>(program: URL, { idleMs = 30_000 } = {}): Thread<Job, Result> {
  let worker: Worker | undefined
  let lastId = 0
  const pending = new Map<number, Pending<Result>>()
  let idle: NodeJS.Timeout | undefined

  const settle = (id: number): Pending<Result> | undefined => {
    const job = pending.get(id)
    pending.delete(id)
    clearTimeout(job?.limit)
    clearTimeout(idle)
    if (pending.size === 0) idle = setTimeout(end, idleMs).unref()
    return job
  }

  const start = (): Worker => {
    const started = new Worker(program, { env: {}, stdout: false, stderr: false })
    started.unref()
    started.on('message', (answer: Answer<Result>) => {
      const job = settle(answer.id)
      if ('result' in answer) job?.resolve(answer.result)
      else job?.reject(Object.assign(new Error(answer.failure.message), { name: answer.failure.name }))
    })
    started.on('error', error => gone(started, error))
    started.on('exit', () => gone(started, new Error('The thread has ended.')))
    return started
  }

  /** What a dead thread had to do has failed; the next job starts another. */
  const gone = (which: Worker, error: Error) => {
    if (worker !== which) return
    worker = undefined
    for (const id of [...pending.keys()]) settle(id)?.reject(error)
    clearTimeout(idle)
  }

  const end = async () => {
    const ending = worker
    if (!ending) return
    gone(ending, new Error('The thread was ended.'))
    await ending.terminate()
  }

  return {
    run: (job, { limitMs } = {}) =>
      new Promise((resolve, reject) => {
        clearTimeout(idle)
        worker ??= start()
        const id = ++lastId
        const giveUp = () => {
          settle(id)?.reject(new JobTooLong(`A job took longer than ${limitMs} ms.`))
          void end()
        }
        const limit = limitMs === undefined ? undefined : setTimeout(giveUp, limitMs)
        pending.set(id, { resolve, reject, limit })
        worker.postMessage({ id, job })
      }),
    close: end,
  }
}

/** The other side: does one job after the other. */
export function answerJobs<Job, Result>(work: (job: Job) => Result | Promise<Result>): void {
  parentPort?.on('message', async ({ id, job }: { id: number; job: Job }) => {
    try {
      parentPort?.postMessage({ id, result: await work(job) })
    } catch (error) {
      const { name, message } = error as Error
      parentPort?.postMessage({ id, failure: { name, message } })
    }
  })
}
