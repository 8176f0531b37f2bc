import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkSas } from './check-sas.ts'
import { makeAccountSas, makeServiceSas } from './make-sas.ts'
import { readQuery } from './query.ts'
import { isRefusal, readSas } from './sas.ts'
import { key } from './testing-key.ts'

const place = { account: 'acct', container: 'c' }
const st = '2017-09-22T00:10:00Z'
const se = '2017-09-22T02:00:00Z'

function permissionOf(token: string, where: { account: string; container: string; blob?: string }) {
  const sas = readSas(readQuery(token))
  if (!sas || isRefusal(sas)) assert.fail(token)
  return checkSas(sas, {
    ...{ place: where, insisted: { headers: new Headers(), query: [] }, keys: [key], address: '10.0.0.1' },
    ...{ now: Date.parse('2017-09-22T01:00:00Z'), protocol: 'https' },
  })
}

test('a token for a container is written as the tutorial prints it', () => {
  const token = makeServiceSas(key, place, { sr: 'c', sp: 'rcw', spr: 'https', st, se })
  const unsigned = 'sv=2015-04-05&sr=c&spr=https&st=2017-09-22T00%3A10%3A00Z&se=2017-09-22T02%3A00%3A00Z&sp=rcw&sig='
  assert.match(token.slice(unsigned.length), /^[A-Za-z0-9%]{40,60}%3D$/)
  assert.equal(token.slice(0, unsigned.length), unsigned)
  assert.deepEqual(permissionOf(token, place), { permission: 'rcw' })
})

test('a token for a blob opens that one and sets its headers', () => {
  const blob = { ...place, blob: 'a b/ä' }
  const token = makeServiceSas(key, blob, { sr: 'b', sp: 'r', se, sip: '10.0.0.1', rsct: 'text/plain' })
  assert.match(token, /^sv=2015-04-05&sr=b&sip=10\.0\.0\.1&se=[^&]+&sp=r&rsct=text%2Fplain&sig=/)
  assert.deepEqual(permissionOf(token, blob), { permission: 'r' })
  assert.ok('refusal' in permissionOf(token, { ...place, blob: 'a b' }))
})

test('a token for an account is written in the order of the service', () => {
  const token = makeAccountSas(key, 'acct', { ss: 'b', srt: 'sco', sp: 'rl', st, se, spr: 'https' })
  assert.match(token, /^sv=2015-04-05&ss=b&srt=sco&sp=rl&st=[^&]+&se=[^&]+&spr=https&sig=[^&]+$/)
  assert.deepEqual(permissionOf(token, place), { permission: 'rl' })
})

test('a token that could not be used is not made', () => {
  assert.throws(() => makeServiceSas(key, place, { sr: 'b', sp: 'r', se }), TypeError)
})
