import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatAddress, freePlans, nextAddress, overlap, parseCidr } from './subnets.ts'

const first = (taken: string[], seed = 0) => freePlans(taken.map(parseCidr), seed).next().value

test('addresses are read and written the same way', () => {
  for (const text of ['0.0.0.0', '10.64.0.1', '192.168.255.254', '255.255.255.255']) {
    assert.equal(formatAddress(parseCidr(text).address), text)
  }
  for (const text of ['10.64.0', '10.64.0.256', '10.64.0.x', '']) assert.throws(() => parseCidr(text))
})

test('prefixes overlap when one contains the other', () => {
  const cases: [a: string, b: string, expected: boolean][] = [
    ['10.64.0.0/20', '10.64.15.255', true],
    ['10.64.0.0/20', '10.64.16.0/20', false],
    ['10.0.0.0/8', '10.64.16.0/20', true],
    ['0.0.0.0/0', '200.1.2.3', true],
  ]
  for (const [a, b, expected] of cases) {
    assert.equal(overlap(parseCidr(a), parseCidr(b)), expected, `${a} ${b}`)
    assert.equal(overlap(parseCidr(b), parseCidr(a)), expected, `${b} ${a}`)
  }
})

test('the first plan is at the place of the seed, and the last place is followed by the first', () => {
  assert.deepEqual(first([]), {
    subnet: '10.64.0.0/20',
    prefixLength: 20,
    gateway: '10.64.0.1',
    hostLink: '100.127.0.1',
    networkLink: '100.127.0.2',
  })
  assert.equal(first([], 1023)?.subnet, '10.127.240.0/20')
  assert.equal(first([], 1024)?.subnet, '10.64.0.0/20')
})

test('what the host has a route for is left out, also when only the link would meet it', () => {
  assert.equal(first(['10.64.3.0/24'])?.subnet, '10.64.16.0/20')
  assert.equal(first(['100.127.0.0/29'])?.subnet, '10.64.32.0/20')
  assert.equal(first(['10.0.0.0/8']), undefined)
})

test('machines get the lowest free address from the fourth on, and an error when there is none', () => {
  assert.equal(nextAddress('10.64.0.0/20', new Set()), '10.64.0.4')
  assert.equal(nextAddress('10.64.0.0/20', new Set(['10.64.0.4', '10.64.0.6'])), '10.64.0.5')
  assert.equal(nextAddress('10.64.0.0/29', new Set(['10.64.0.4', '10.64.0.5'])), '10.64.0.6')
  const full = new Set(['10.64.0.4', '10.64.0.5', '10.64.0.6'])
  assert.throws(() => nextAddress('10.64.0.0/29', full), /All addresses of 10\.64\.0\.0\/29 are in use/)
})
