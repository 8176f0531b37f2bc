import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AzureError } from '../../errors.ts'
import type { ResourceIdentity } from '../../store/resources.ts'
import { identitiesToAssign, identityType, mergedIdentity, readIdentity } from './identity-wish.ts'

const id = (name: string) =>
  `/subscriptions/S1/resourceGroups/Rg1/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name}`
const [a, b] = [id('A'), id('B')]
const user = (...ids: string[]): ResourceIdentity => ({
  type: 'UserAssigned',
  userAssignedIdentities: Object.fromEntries(ids.map(one => [one, {}])),
})
const both = (...ids: string[]): ResourceIdentity => ({ ...user(...ids), type: 'SystemAssigned, UserAssigned' })
const system: ResourceIdentity = { type: 'SystemAssigned', principalId: 'p', tenantId: 't' }

/** What a machine ends up with: its type and the ids, spelled as they are shown. */
const outcome = (identity: ResourceIdentity | undefined) => {
  if (!identity) return undefined
  const wish = readIdentity(identity)
  return [identityType(wish), ...wish.userAssigned]
}

const merges: [what: string, existing: ResourceIdentity | undefined, patch: unknown, expected: unknown][] = [
  ['a patch without identity changes nothing', both(a), undefined, ['SystemAssigned, UserAssigned', a]],
  ['a first system-assigned identity', undefined, { type: 'SystemAssigned' }, ['SystemAssigned']],
  ['a first user-assigned identity', undefined, user(a), ['UserAssigned', a]],
  ['an id that is not mentioned stays', user(a), user(b), ['UserAssigned', a, b]],
  [
    'a type with both keeps what is there',
    user(a),
    { type: 'SystemAssigned, UserAssigned' },
    ['SystemAssigned, UserAssigned', a],
  ],
  [
    'type names are read in any case and without the blank',
    user(a),
    { type: 'systemassigned,userassigned' },
    ['SystemAssigned, UserAssigned', a],
  ],
  [
    'a type without UserAssigned drops all user-assigned ones',
    both(a, b),
    { type: 'SystemAssigned' },
    ['SystemAssigned'],
  ],
  [
    'a type without SystemAssigned drops the system-assigned one',
    both(a),
    { type: 'UserAssigned' },
    ['UserAssigned', a],
  ],
  [
    'null takes one away',
    user(a, b),
    { type: 'UserAssigned', userAssignedIdentities: { [a]: null } },
    ['UserAssigned', b],
  ],
  [
    'null takes one away whose id is written all in lower case',
    user(a, b),
    { type: 'UserAssigned', userAssignedIdentities: { [a.toLowerCase()]: null } },
    ['UserAssigned', b],
  ],
  [
    'the last one taken away leaves nothing',
    user(a),
    { type: 'UserAssigned', userAssignedIdentities: { [a]: null } },
    [undefined],
  ],
  [
    'the last one taken away leaves the system-assigned one',
    both(a),
    { type: 'SystemAssigned, UserAssigned', userAssignedIdentities: { [a]: null } },
    ['SystemAssigned'],
  ],
  [
    'null for one that is not there changes nothing',
    user(a),
    { type: 'UserAssigned', userAssignedIdentities: { [b]: null } },
    ['UserAssigned', a],
  ],
  ['an id keeps the case it was first written in', user(a), user(a.toLowerCase()), ['UserAssigned', a]],
  ['None drops everything', both(a), { type: 'None' }, [undefined]],
  ['null drops everything', both(a), null, [undefined]],
  ['without a type, the type stays', user(a), { userAssignedIdentities: { [b]: {} } }, ['UserAssigned', a, b]],
  [
    'the list of old versions is the whole list',
    user(a),
    { type: 'UserAssigned', identityIds: [b] },
    ['UserAssigned', b],
  ],
]

for (const [what, existing, patch, expected] of merges) {
  test(`PATCH of identities: ${what}`, () => assert.deepEqual(outcome(mergedIdentity(existing, patch)), expected))
}

test('an id that a body spells twice counts once, as it is spelled first', () => {
  assert.deepEqual(readIdentity(user(a, a.toLowerCase())).userAssigned, [a])
})

const refusals: [what: string, identity: unknown, code: string, target?: string][] = [
  ['an unknown type', { type: 'Everything' }, 'InvalidParameter', 'identity.type'],
  ['None together with another type', { type: 'None, UserAssigned' }, 'InvalidParameter', 'identity.type'],
  ['UserAssigned without ids', { type: 'UserAssigned' }, 'InvalidParameter', 'identity.userAssignedIdentities'],
  ['an id that is none', user('my-identity'), 'InvalidParameter', 'resourceIdentity.identityIds'],
  [
    'the id of something else',
    user('/subscriptions/S1/resourceGroups/Rg1/providers/Microsoft.Compute/virtualMachines/vm2'),
    'InvalidParameter',
    'resourceIdentity.identityIds',
  ],
  ['a value that is text', { type: 'UserAssigned', userAssignedIdentities: { [a]: 'yes' } }, 'InvalidIdentityValues'],
  [
    'a list for a dictionary of ids',
    { type: 'UserAssigned', identityIds: [1] },
    'InvalidParameter',
    'identity.identityIds',
  ],
]

for (const [what, identity, code, target] of refusals) {
  test(`A body with ${what} is refused`, () => {
    assert.throws(
      () => readIdentity(identity as ResourceIdentity),
      error =>
        error instanceof AzureError && error.status === 400 && error.code === code && error.extra.target === target,
    )
  })
}

test('The right to assign is asked for at each newly named identity, and at no other', () => {
  const existing = { body: { identity: user(a), properties: {} } } as never
  const wanted = (identity: ResourceIdentity) => identitiesToAssign({ identity }, existing).map(({ scope }) => scope)
  assert.deepEqual(wanted(user(a.toLowerCase(), b)), [b])
  assert.deepEqual(wanted(system), [])
  assert.deepEqual(identitiesToAssign({ identity: user(a) }, undefined), [
    { action: 'Microsoft.ManagedIdentity/userAssignedIdentities/assign/action', scope: a },
  ])
})

test('An identity that is text cannot be merged', () => {
  assert.throws(
    () => mergedIdentity(user(a), 'SystemAssigned'),
    error => error instanceof AzureError && error.status === 400 && error.extra.target === 'identity',
  )
})
