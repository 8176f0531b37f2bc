/** Several groups of test files, run one after the other, as the one report that a single run would give. */

import { relative } from 'node:path'
import { run } from 'node:test'
import type { TestEvent } from 'node:test/reporters'

export type Group = {
  readonly files: readonly string[]
  /** Given to each of the files. */
  readonly argv: readonly string[]
  /** How many files run at once, each in a process of its own. */
  readonly concurrency: number
}

/** What the report said, for whoever decides whether the run has passed. */
export type Verdict = { passed: boolean; readonly notRun: string[] }

const testLimitMs = 19 * 60_000
/** Loaded into each test process before its file; see there. */
const deadline = import.meta.resolve('./deadline.ts')
const countNames = ['tests', 'suites', 'passed', 'failed', 'cancelled', 'skipped', 'todo'] as const
const labels: Readonly<Record<string, string>> = { passed: 'pass', failed: 'fail' }

/** The events of all groups; the totals that Node gives at the end of each group come once, at the end of them all. */
export async function* oneReport(groups: readonly Group[], verdict: Verdict): AsyncGenerator<TestEvent> {
  const totals = { tests: 0, suites: 0, passed: 0, failed: 0, cancelled: 0, skipped: 0, todo: 0 }
  let durationMs = 0
  for (const { files, argv, concurrency } of groups) {
    const options = { isolation: 'process', timeout: testLimitMs, execArgv: ['--import', deadline] } as const
    for await (const event of run({ ...options, files: [...files], argv: [...argv], concurrency })) {
      if (event.type === 'test:summary' && event.data.file === undefined) {
        for (const name of countNames) totals[name] += event.data.counts[name]
        durationMs += event.data.duration_ms
        if (!event.data.success) verdict.passed = false
      } else if (event.type !== 'test:diagnostic' || event.data.file !== undefined) {
        yield event
      }
      if (event.type === 'test:pass' && (event.data.skip !== undefined || event.data.todo !== undefined)) {
        verdict.notRun.push(`${event.data.name} (${relative('.', event.data.file ?? '')})`)
      }
    }
  }
  for (const name of countNames) yield total(`${labels[name] ?? name} ${totals[name]}`)
  yield total(`duration_ms ${durationMs}`)
}

const total = (message: string): TestEvent => ({
  type: 'test:diagnostic',
  data: { message, level: 'info', nesting: 0 },
})
