import assert from 'node:assert/strict'
import { test } from 'node:test'
import { demand, type Grant, issueGrant } from './grant.ts'

const group = '/subscriptions/s/resourceGroups/G'
const at = (scope: string) => issueGrant({ verb: 'read', action: 'test/read', scope })

test('a grant reaches its own scope however that is spelled, and what is below it', () => {
  const grant = at(group)
  for (const scope of [group, group.toLowerCase(), `${group} `, `${group}/providers/p/t/n`]) demand(grant, scope)
  demand(grant)
})

test('a grant reaches nothing beside its scope, and one for a blank scope not even that', () => {
  for (const scope of ['/', '/subscriptions/s', `${group}H`, ''])
    assert.throws(() => demand(at(group), scope), /does not reach/, scope)
  for (const blank of ['', '  ']) assert.throws(() => demand(at(blank), blank), /does not reach/)
})

test('what looks like a grant is none', () => {
  const grant = at(group)
  for (const forged of [{ ...grant }, Object.create(grant), Object.create(Object.getPrototypeOf(grant))])
    assert.throws(() => demand(forged as Grant, group), /did not issue/)
  assert.throws(() => Object.assign(grant, { scope: '/' }), TypeError)
})
