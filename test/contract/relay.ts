/** A reporter for Node's test runner: one line of JSON for each outermost test, for the test that started the program. */

import type { TestEvent } from 'node:test/reporters'
import { inspect } from 'node:util'

export type Verdict = { readonly name: string; readonly failure?: string }

export default async function* relay(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  for await (const { type, data } of events) {
    if ((type !== 'test:pass' && type !== 'test:fail') || data.nesting !== 0) continue
    const verdict: Verdict = {
      name: data.name,
      ...(type === 'test:fail'
        ? { failure: inspect(data.details.error.cause ?? data.details.error, { depth: 6 }) }
        : {}),
    }
    yield `${JSON.stringify(verdict)}\n`
  }
}
