import type { DatabaseSync } from 'node:sqlite'

/**
 * Concurrent writers share one commit, and so one sync to disk: everything that was asked for while the last batch was
 * being written goes into the next. Each piece of work has a savepoint of its own, so that one that throws takes only
 * itself back. A promise is resolved after the commit, never before.
 *
 * Work may await queries on this connection only. It must not wait for anything else: every other writer waits with it.
 */
export type GroupCommit = {
  run<T>(work: () => Promise<T>): Promise<T>
  /** Resolves when all that was asked for so far is on disk. */
  settled(): Promise<void>
}

type Job = { work(): Promise<unknown>; done(result: unknown): void; failed(error: unknown): void }

const largestBatch = 256

export function groupCommit(db: DatabaseSync, onCommitFailure: (cause: unknown) => unknown): GroupCommit {
  // Every write needs all of these, and to prepare one takes longer than to run it.
  const [begin, commit] = [db.prepare('BEGIN IMMEDIATE'), db.prepare('COMMIT')]
  const [save, release] = [db.prepare('SAVEPOINT work'), db.prepare('RELEASE work')]
  const waiting: Job[] = []
  let running: Promise<void> | undefined

  async function runOne(job: Job): Promise<() => void> {
    save.run()
    try {
      const result = await job.work()
      release.run()
      return () => job.done(result)
    } catch (error) {
      // A full disk has rolled back everything by itself: there is no savepoint left to go back to.
      if (!db.isTransaction) throw error
      db.exec('ROLLBACK TO work; RELEASE work')
      return () => job.failed(error)
    }
  }

  async function runBatch(jobs: Job[]): Promise<void> {
    const answers: (() => void)[] = []
    try {
      begin.run()
      for (const job of jobs) answers.push(await runOne(job))
      commit.run()
    } catch (cause) {
      // One that has been closed has no transaction, and does not even say so.
      if (db.isOpen && db.isTransaction) db.exec('ROLLBACK')
      for (const job of jobs) job.failed(onCommitFailure(cause))
      return
    }
    for (const answer of answers) answer()
  }

  async function drain(): Promise<void> {
    // One turn of the event loop lets requests that arrived together be committed together.
    await new Promise(resolve => setImmediate(resolve))
    while (waiting.length > 0) await runBatch(waiting.splice(0, largestBatch))
    running = undefined
  }

  return {
    run: <T>(work: () => Promise<T>) =>
      new Promise<T>((resolve, reject) => {
        waiting.push({ work, done: result => resolve(result as T), failed: reject })
        running ??= drain()
      }),
    settled: async () => {
      while (running) await running
    },
  }
}
