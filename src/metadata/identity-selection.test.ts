import assert from 'node:assert/strict'
import { test } from 'node:test'
import { selectIdentity, selectorOf } from './identity-selection.ts'
import { parseQuery } from './query.ts'
import { alpha, beta, machine, system } from './testing-machine.ts'

const none = machine({ identities: { userAssigned: [] } })
const one = machine({ identities: { userAssigned: [alpha] } })
const two = machine({ identities: { userAssigned: [alpha, beta] } })
const all = machine({ identities: { systemAssigned: system, userAssigned: [alpha, beta] } })

const ambiguous =
  'Multiple user assigned identities exist, please specify the clientId / resourceId of the identity in the token request'
const conflict = 'Query variables client_id, object_id and msi_res_id are mutually exclusive'

const cases: [label: string, of: typeof all, query: string, expected: object | string][] = [
  ['no identity at all', none, '', 'Identity not found'],
  ['one user-assigned identity', one, '', alpha],
  ['several user-assigned identities', two, '', ambiguous],
  ['a system-assigned identity among others', all, '', system],

  ['a client id', all, `client_id=${beta.clientId}`, beta],
  ['a client id in capitals', all, `client_id=${beta.clientId.toUpperCase()}`, beta],
  ['the client id of the system-assigned identity', all, `client_id=${system.clientId}`, system],
  ['an object id', all, `object_id=${alpha.principalId}`, alpha],
  ['the object id of the system-assigned identity', all, `object_id=${system.principalId}`, system],
  ['a resource id', all, `msi_res_id=${beta.resourceId}`, beta],
  ['an encoded resource id', all, `msi_res_id=${encodeURIComponent(beta.resourceId)}`, beta],
  ['a resource id in lower case', all, `msi_res_id=${beta.resourceId.toLowerCase()}`, beta],
  ['a resource id as App Service spells it', all, `mi_res_id=${beta.resourceId}`, beta],

  ['a client id of another machine', one, `client_id=${beta.clientId}`, 'Identity not found'],
  ['an object id given as a client id', all, `client_id=${alpha.principalId}`, 'Identity not found'],
  ['the id of the machine itself', all, `msi_res_id=${all.resourceId}`, 'Identity not found'],
  ['an empty client id', all, 'client_id=', 'Identity not found'],
  ['a client id of a machine without identities', none, `client_id=${alpha.clientId}`, 'Identity not found'],

  ['a client id and an object id', all, `client_id=${alpha.clientId}&object_id=${alpha.principalId}`, conflict],
  ['both spellings of the resource id', all, `msi_res_id=${alpha.resourceId}&mi_res_id=${alpha.resourceId}`, conflict],
  ['an empty selector and another', all, `client_id=&msi_res_id=${alpha.resourceId}`, conflict],
]

for (const [label, of, query, expected] of cases) {
  const select = () => selectIdentity(of, selectorOf(parseQuery(query)))
  if (typeof expected === 'string') {
    test(`${label}: refused with "${expected}"`, () => assert.throws(select, { message: expected }))
  } else {
    test(`${label}: one identity is meant`, () => assert.equal(select(), expected))
  }
}
