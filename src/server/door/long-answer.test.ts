import assert from 'node:assert/strict'
import { test } from 'node:test'
import { longAnswer } from './long-answer.ts'

const headers = { 'content-type': 'text/plain' }

async function* texts(...all: (string | Error)[]) {
  for (const one of all) {
    if (one instanceof Error) throw one
    yield one
  }
}

test('a short text is answered as a whole', async () => {
  const response = await longAnswer(texts('é', '', 'b'), headers)
  assert.deepEqual(Object.fromEntries(response.headers), { 'content-type': 'text/plain', 'content-length': '3' })
  assert.equal(await response.text(), 'éb')
})

test('a long text is made while it is taken', async () => {
  let made = 0
  async function* endless() {
    for (;;) {
      made += 1
      yield 'é'.repeat(10_000)
    }
  }
  const response = await longAnswer(endless(), headers)
  assert.equal(response.headers.get('content-length'), null)
  const reader = response.body?.getReader()
  for (let read = 0; read < 3; read++) {
    const { value } = (await reader?.read()) ?? {}
    assert.equal(value?.length, 140_000)
  }
  // Seven of them are a portion: three portions were taken, and the next is kept ready.
  assert.ok(made <= 28, `${made}`)
  await reader?.cancel()
  const last = made
  await new Promise(resolve => setImmediate(resolve))
  assert.equal(made, last)
})

test('a long text is whole, whatever its parts', async () => {
  const parts = Array.from({ length: 500 }, (_, n) => `${n} `.repeat(n))
  assert.equal(await (await longAnswer(texts(...parts), headers)).text(), parts.join(''))
})

test('what fails at first is thrown, and what fails later breaks the answer off', async () => {
  const error = new Error('no disk')
  await assert.rejects(longAnswer(texts('a', error), headers), error)
  const response = await longAnswer(texts('a'.repeat(100_000), error), headers)
  assert.equal(response.status, 200)
  await assert.rejects(response.text(), error)
})
