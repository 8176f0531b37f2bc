import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Send } from './server.ts'
import { pauseMs, watchGoalState } from './watch.ts'

const goal = (commands: unknown[] = []) => JSON.stringify({ extensions: [], commands, changedSecrets: [] })
const command = {
  ...{ id: '11111111-2222-4333-8444-555555555555', source: { script: 'true' }, user: 'root', timeoutSec: 1 },
  ...{ parameters: [], protectedParameters: [{ name: 'token', value: 's3cret' }] },
}

type Step = { status: number; etag?: string; text?: string } | Error

/** Runs the watch over these answers, one for each question; returns what happened. */
async function watched(steps: Step[], remembered?: string) {
  const events: string[] = []
  const ending = new AbortController()
  const send: Send = async (_method, _path, { headers = {} } = {}) => {
    const step = steps.shift()
    events.push(`ask ${headers['if-none-match'] ?? '-'}`)
    if (steps.length === 0) ending.abort()
    if (!step || step instanceof Error) throw step ?? new Error('over')
    return { status: step.status, header: () => step.etag, body: new Blob([step.text ?? '']).stream() }
  }
  await watchGoalState({
    send,
    onGoalState: ({ commands }, etag) => events.push(`goal ${commands.length} ${etag}`.trim()),
    onReturn: () => events.push('return'),
    remembered: {
      read: async () => remembered,
      write: async text => {
        events.push(`keep ${text}`)
      },
    },
    log: () => undefined,
    random: () => 0,
    pause: async ms => {
      events.push(`pause ${ms}`)
    },
    signal: ending.signal,
  })
  return events
}

test('each goal state is told once, kept without its commands, and named in the next question', async () => {
  const text = goal([command])
  assert.deepEqual(await watched([{ status: 200, etag: '"a"', text }, { status: 304 }, { status: 304 }]), [
    'ask -',
    'goal 1 "a"',
    `keep ${goal()}`,
    'ask "a"',
    'ask "a"',
  ])
})

test('while the server is away, what was kept holds, and questions become rarer', async () => {
  const text = goal()
  const away = new Error('no route')
  const steps = [away, away, { status: 503 }, { status: 200, etag: '"b"', text }, { status: 304 }]
  assert.deepEqual(await watched(steps, goal([command])), [
    'ask -',
    'goal 1',
    'pause 125',
    'ask -',
    'pause 250',
    'ask -',
    'pause 500',
    'ask -',
    'goal 0 "b"',
    `keep ${goal()}`,
    'return',
    'ask "b"',
  ])
})

test('what is no goal state changes nothing', async () => {
  for (const text of ['', '[]', '{"extensions":[{}],"commands":[]}', '{"extensions":[],"commands":[{"id":"../x"}]}']) {
    const events = await watched([{ status: 200, etag: '"a"', text }, { status: 304 }])
    assert.ok(!events.some(event => event.startsWith('goal')), text)
  }
})

test('pauses grow to ten seconds and no further', () => {
  assert.equal(pauseMs(1, 0), 125)
  assert.equal(pauseMs(1, 0.999999) < 250, true)
  assert.equal(pauseMs(50, 0), 5000)
})
