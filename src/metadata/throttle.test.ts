import assert from 'node:assert/strict'
import { test } from 'node:test'
import { azureLimits, type Category, throttle } from './throttle.ts'

const frozen = () => {
  const clock = { at: 1_000_000, now: () => clock.at }
  return clock
}

/** How many of `count` requests are admitted when each is over before the next. */
const admitted = (gate: ReturnType<typeof throttle>, category: Category, machineId: string, count: number) => {
  let passed = 0
  for (let at = 0; at < count; at++) {
    if (gate.enter(category, machineId) !== 0) continue
    passed += 1
    gate.leave(category, machineId)
  }
  return passed
}

test('a machine gets 20 token requests and 5 others at once, then 20 and 5 more a second', () => {
  const clock = frozen()
  const gate = throttle(azureLimits, clock)
  assert.equal(admitted(gate, 'identity', 'm1', 100), 20)
  assert.equal(admitted(gate, 'other', 'm1', 100), 5)
  clock.at += 500
  assert.equal(admitted(gate, 'identity', 'm1', 100), 10)
  assert.equal(admitted(gate, 'other', 'm1', 100), 2)
  clock.at += 3_600_000
  assert.equal(admitted(gate, 'identity', 'm1', 100), 20)
  assert.equal(admitted(gate, 'other', 'm1', 100), 5)
})

test('one machine does not use up what another may ask', () => {
  const gate = throttle(azureLimits, frozen())
  assert.equal(admitted(gate, 'identity', 'm1', 100), 20)
  assert.equal(admitted(gate, 'identity', 'm2', 100), 20)
})

test('a sixth token request in progress has to wait, and costs nothing of the rate', () => {
  const gate = throttle(azureLimits, frozen())
  for (let at = 0; at < 5; at++) assert.equal(gate.enter('identity', 'm1'), 0)
  for (let at = 0; at < 50; at++) assert.equal(gate.enter('identity', 'm1'), 1)
  for (let at = 0; at < 5; at++) gate.leave('identity', 'm1')
  assert.equal(admitted(gate, 'identity', 'm1', 100), 15)
})

test('the wait is said in whole seconds, rounded up, and is long enough', () => {
  const clock = frozen()
  const gate = throttle({ ...azureLimits, other: { perSec: 0.4, concurrent: 5 } }, clock)
  assert.equal(gate.enter('other', 'm1'), 0)
  assert.equal(gate.enter('other', 'm1'), 3)
  clock.at += 3000
  assert.equal(gate.enter('other', 'm1'), 0)
})

test('a clock that is set back does not lock a machine out', () => {
  const clock = frozen()
  const gate = throttle(azureLimits, clock)
  assert.equal(admitted(gate, 'identity', 'm1', 20), 20)
  clock.at -= 86_400_000
  assert.equal(gate.enter('identity', 'm1'), 1)
  clock.at += 1000
  assert.equal(admitted(gate, 'identity', 'm1', 100), 20)
})

test('a forgotten machine starts anew, and what it still had in progress does no harm', () => {
  const gate = throttle(azureLimits, frozen())
  for (let at = 0; at < 5; at++) gate.enter('identity', 'm1')
  gate.forget('m1')
  gate.leave('identity', 'm1')
  assert.equal(admitted(gate, 'identity', 'm1', 100), 20)
})
