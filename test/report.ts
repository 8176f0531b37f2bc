/** A run of test files as one report of Node's test runner, and what it says for whoever decides whether it has passed. */

import { relative } from 'node:path'
import { run } from 'node:test'
import type { TestEvent } from 'node:test/reporters'

export type Wish = {
  /** In the order in which they are begun. */
  readonly files: readonly string[]
  /** The files that `unit.ts` runs. */
  readonly unit: readonly string[]
  /** How many files run at once, each in a process of its own. */
  readonly concurrency: number
}

/** What the report said, for whoever decides whether the run has passed. */
export type Verdict = { passed: boolean; readonly notRun: string[] }

const testLimitMs = 19 * 60_000
/** Loaded into each test process before its file; see there. */
const deadline = import.meta.resolve('./deadline.ts')

/** The events of the whole run. The arguments go to each of the files, but only `unit.ts` reads them. */
export async function* report({ files, unit, concurrency }: Wish, verdict: Verdict): AsyncGenerator<TestEvent> {
  const options = { isolation: 'process', timeout: testLimitMs, execArgv: ['--import', deadline] } as const
  for await (const event of run({ ...options, files: [...files], argv: [...unit], concurrency })) {
    if (event.type === 'test:summary' && event.data.file === undefined && !event.data.success) verdict.passed = false
    if (event.type === 'test:pass' && (event.data.skip !== undefined || event.data.todo !== undefined)) {
      verdict.notRun.push(`${event.data.name} (${relative('.', event.data.file ?? '')})`)
    }
    yield event
  }
}
