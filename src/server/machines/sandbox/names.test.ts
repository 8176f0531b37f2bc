import assert from 'node:assert/strict'
import { test } from 'node:test'
import { answer, matchesName } from './names.ts'

const header = (flags: number, questions: number, answers: number) =>
  Buffer.from([0x12, 0x34, flags >> 8, flags & 0xff, 0, questions, 0, answers, 0, 0, 0, 0])

/** A question for the labels of `name`, of type A unless another is given. */
function question(name: string, { type = 1, class: of = 1 } = {}): Buffer {
  const labels = name.split('.').flatMap(label => [label.length, ...Buffer.from(label)])
  return Buffer.from([...labels, 0, 0, type, 0, of])
}

const recursionDesired = 0x0100
const query = (asked: Buffer) => Buffer.concat([header(recursionDesired, 1, 0), asked])
const lookup = (name: string) => (name === 'management.azure.com' ? '168.63.129.16' : undefined)

test('a known name is answered with its address, however it is spelled, and the question comes back as asked', () => {
  const asked = question('Management.AZURE.com')
  const record = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 10, 0, 4, 168, 63, 129, 16])
  assert.deepEqual(answer(query(asked), lookup), Buffer.concat([header(0x8580, 1, 1), asked, record]))
})

test('a known name asked for another type exists and has no such record', () => {
  const asked = question('management.azure.com', { type: 28 })
  assert.deepEqual(answer(query(asked), lookup), Buffer.concat([header(0x8580, 1, 0), asked]))
})

test('an unknown name, and any name outside the Internet class, does not exist', () => {
  for (const asked of [question('example.com'), question('management.azure.com', { class: 3 })]) {
    assert.deepEqual(answer(query(asked), lookup), Buffer.concat([header(0x8583, 1, 0), asked]))
  }
})

test('what is not one whole question gets a format error, and another operation is not implemented', () => {
  const broken = [
    Buffer.concat([header(0, 2, 0), question('a.b'), question('c.d')]),
    Buffer.concat([header(0, 1, 0), question('management.azure.com').subarray(0, -1)]),
    Buffer.concat([header(0, 1, 0), Buffer.from([63, 1, 2, 3])]),
    Buffer.concat([header(0, 1, 0), Buffer.from([0xc0, 12, 0, 1, 0, 1])]),
    header(0, 1, 0),
  ]
  for (const message of broken) assert.deepEqual(answer(message, lookup), header(0x8481, 0, 0))
  assert.deepEqual(answer(Buffer.concat([header(0x2800, 1, 0), question('a.b')]), lookup), header(0xac84, 0, 0))
})

test('replies and fragments are not answered, so that two name servers cannot keep each other busy', () => {
  assert.equal(answer(Buffer.concat([header(0x8180, 1, 0), question('a.b')]), lookup), undefined)
  assert.equal(answer(Buffer.alloc(11), lookup), undefined)
})

test('a leading dot stands for every name below and not for the name itself', () => {
  const names = ['management.azure.com', '.vault.azure.net']
  const cases: [name: string, expected: boolean][] = [
    ['management.azure.com', true],
    ['x.management.azure.com', false],
    ['my.vault.azure.net', true],
    ['a.b.vault.azure.net', true],
    ['vault.azure.net', false],
    ['evilvault.azure.net', false],
  ]
  for (const [name, expected] of cases) assert.equal(matchesName(name, names), expected, name)
})
