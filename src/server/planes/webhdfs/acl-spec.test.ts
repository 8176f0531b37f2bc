import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AzureError } from '../../errors.ts'
import type { FileAcl } from '../../store/data-lake-files.ts'
import { modified, readAclSpec, replaced, shownEntries, without } from './acl-spec.ts'

const plain: FileAcl = {
  ...{ owner: 'ann', group: 'staff', sticky: false },
  access: { user: 7, group: 7, other: 0, named: [] },
}
const entries = (spec: string, withBits = true) => readAclSpec(spec, { withBits })
const change = (...specs: string[]) => specs.reduce((acl, spec) => modified(acl, entries(spec)), plain)

test('a new entry brings a mask that lets everybody have what they are given', () => {
  assert.deepEqual(change('user:bob:r-x').access, {
    ...{ user: 7, group: 7, other: 0, mask: 7 },
    named: [{ kind: 'user', id: 'bob', bits: 5 }],
  })
  assert.equal(change('group::r--', 'user:bob:-wx').access.mask, 7)
  assert.equal(change('group::r--', 'user:bob:--x').access.mask, 5)
  assert.equal(change('user:bob:rwx,mask::r--').access.mask, 4)
  assert.equal(change('user:bob:rwx,mask::r--', 'user:carl:r--').access.mask, 7)
})

test('an entry of the same name takes the place of the old one, whatever the case of its id', () => {
  assert.deepEqual(change('user:bob:r-x', 'user:BOB:-w-').access.named, [{ kind: 'user', id: 'bob', bits: 2 }])
})

test('the first default entry brings those that must be there', () => {
  assert.deepEqual(change('default:user:bob:rwx').defaults, {
    ...{ user: 7, group: 7, other: 0, mask: 7 },
    named: [{ kind: 'user', id: 'bob', bits: 7 }],
  })
})

test('entries are listed users first, and defaults after the others', () => {
  assert.deepEqual(shownEntries(plain), [])
  assert.deepEqual(shownEntries(change('group:dev:r--,user:bob:r-x', 'default:user:bob:rwx')), [
    ...['user:bob:r-x', 'group::rwx', 'group:dev:r--'],
    ...['default:user::rwx', 'default:user:bob:rwx', 'default:group::rwx', 'default:mask::rwx', 'default:other::---'],
  ])
})

test('a new list replaces the old one, and the default entries only when it has some', () => {
  const before = change('user:bob:rwx', 'default:user:bob:rwx')
  const after = replaced(before, entries('user::r--,group::-w-,other::--x'))
  assert.deepEqual(after, { ...before, access: { user: 4, group: 2, other: 1, named: [] } })
  const both = replaced(before, entries('user::rwx,group::r-x,other::---,default:user:carl:r--'))
  assert.deepEqual(both.defaults?.named, [{ kind: 'user', id: 'carl', bits: 4 }])
})

test('removing the last named entry takes the mask with it', () => {
  const before = change('user:bob:r--,group:dev:-w-', 'group::---')
  const one = without(before, entries('user:bob', false))
  assert.deepEqual(one.access, { user: 7, group: 0, other: 0, mask: 2, named: [{ kind: 'group', id: 'dev', bits: 2 }] })
  assert.deepEqual(without(one, entries('group:dev', false)).access, { user: 7, group: 0, other: 0, named: [] })
  const defaults = change('default:user:bob:rwx')
  assert.deepEqual(without(defaults, entries('default:user:bob', false)).defaults?.named, [])
})

const many = (n: number) => Array.from({ length: n }, (_, i) => `user:u${i}:r--`).join(',')

test('an ACL has at most 32 entries', () => {
  assert.equal(change(many(28)).access.named.length, 28)
  assert.throws(() => change(many(29)), refusal)
})

const refusal = (error: unknown) =>
  error instanceof AzureError && error.status === 400 && error.code === 'IllegalArgumentException'

const refused = ['', ',', 'user:bob', 'user:bob:rwz', 'user:bob:7', 'mask:bob:rwx', 'other:bob:r--', 'owner::rwx']
for (const spec of [...refused, 'user:bob:rwx,USER:BOB:r--', 'user:a:b:rwx', ' ', 'default:rwx']) {
  test(`"${spec}" is no list of entries`, () => assert.throws(() => entries(spec), refusal))
}

test('what must be there cannot be left out or removed', () => {
  assert.throws(() => replaced(plain, entries('user::rwx,group::rwx')), refusal)
  assert.throws(() => replaced(plain, entries('user:bob:rwx,group::rwx,other::rwx')), refusal)
  assert.throws(() => without(plain, entries('user:', false)), refusal)
})
