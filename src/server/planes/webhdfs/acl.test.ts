import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FileAcl, NamedEntry } from '../../store/data-lake-files.ts'
import { inheritedAcl, isAllowed, mayTake, modeText, rwx, withMode } from './acl.ts'
import { bitsOf } from './acl-spec.ts'

const [ann, bob, carl] = ['ann', 'bob', 'carl']

/** `770 u:bob:r-x g:staff:rwx m:r--`, owned by ann and the group staff. */
function acl(text: string): FileAcl {
  const [mode = '', ...entries] = text.split(' ')
  const [user = 0, group = 0, other = 0] = [...mode.slice(-3)].map(Number)
  const named: NamedEntry[] = []
  let mask: number | undefined
  for (const entry of entries) {
    const [kind, id = '', permission = ''] = entry.split(':')
    if (kind === 'm') mask = bitsOf(id)
    else named.push({ kind: kind === 'u' ? 'user' : 'group', id, bits: bitsOf(permission) })
  }
  const access = { user, group, other, named, ...(mask === undefined ? {} : { mask }) }
  return { owner: ann, group: 'staff', sticky: mode.length === 4, access }
}

const someone = (objectId: string, ...groups: string[]) => ({ objectId, groups, isSuperUser: false })

const cases: [acl: string, who: ReturnType<typeof someone>, granted: string][] = [
  ['750', someone(ann), 'rwx'],
  ['750', someone('ANN'), 'rwx'],
  ['050', someone(ann, 'staff'), '---'], // the owner's bits decide, even against the owner
  ['750', someone(bob, 'staff'), 'r-x'],
  ['754', someone(bob), 'r--'],
  ['754', someone(bob, 'staff'), 'r-x'],
  ['704', someone(bob, 'staff'), '---'], // a member is not everybody else
  ['700 u:bob:rw- m:rwx', someone(bob), 'rw-'],
  ['700 u:bob:rw- m:r-x', someone(bob), 'r--'],
  ['707 u:bob:--- m:rwx', someone(bob), '---'],
  ['770 u:bob:r-- m:rwx', someone(bob, 'staff'), 'r--'], // a named user is no member any more
  ['700 g:dev:r-x m:rwx', someone(bob, 'dev'), 'r-x'],
  ['720 g:dev:r-- m:rwx', someone(bob, 'dev', 'staff'), 'rw-'], // what all groups have together
  ['700 g:dev:r-- g:ops:-w- m:rwx', someone(bob, 'dev', 'ops'), 'rw-'],
  ['770 g:dev:r-- m:r--', someone(bob, 'dev', 'staff'), 'r--'], // the mask is for the owning group, too
  ['777 g:dev:r-- m:---', someone(ann), 'rwx'], // not for the owner
  ['707 g:dev:r-- m:---', someone(carl), 'rwx'], // nor for everybody else
  ['707 g:dev:r-- m:---', someone(carl, 'dev'), '---'],
  ['000', someone(carl), '---'],
]
for (const [text, who, granted] of cases) {
  test(`${text} grants ${granted} to ${[who.objectId, ...who.groups].join(' in ')}`, () => {
    for (let wanted = 0; wanted < 8; wanted++) {
      assert.equal(isAllowed(who, acl(text), wanted), (bitsOf(granted) & wanted) === wanted, rwx(wanted))
    }
  })
}

test('a super-user needs no permission', () => {
  assert.ok(isAllowed({ ...someone(carl), isSuperUser: true }, acl('000'), 7))
})

test('in a folder with the sticky bit, only owners take things away', () => {
  const folder = acl('1777')
  const ofBob = { ...acl('777'), owner: bob }
  assert.deepEqual(
    [ann, bob, carl].map(who => mayTake(someone(who), folder, ofBob)),
    [true, true, false],
  )
  assert.ok(mayTake(someone(carl), acl('777'), ofBob))
  assert.ok(mayTake({ ...someone(carl), isSuperUser: true }, folder, ofBob))
})

const plainFolder = acl('770')
const withDefaults = { ...plainFolder, defaults: acl('757 u:bob:rwx g:dev:r-x m:rwx').access }

test('what is made in a folder without default entries is for its owner and group', () => {
  assert.deepEqual(inheritedAcl(someone(bob), plainFolder, 'FILE', undefined), { ...acl('660'), owner: bob })
  assert.deepEqual(inheritedAcl(someone(bob), plainFolder, 'DIRECTORY', undefined), { ...acl('770'), owner: bob })
})

test('default entries become those of what is made, but for everybody else, and folders pass them on', () => {
  const access = acl('750 u:bob:rwx g:dev:r-x m:rwx')
  assert.deepEqual(inheritedAcl(someone(carl), withDefaults, 'FILE', undefined), { ...access, owner: carl })
  assert.deepEqual(inheritedAcl(someone(carl), withDefaults, 'DIRECTORY', undefined), {
    ...access,
    owner: carl,
    defaults: withDefaults.defaults,
  })
})

test('the permission of a request narrows what is made, and widens nothing', () => {
  const file = (mode: number) => modeText(inheritedAcl(someone(bob), plainFolder, 'FILE', mode))
  assert.deepEqual([0o777, 0o640, 0o400, 0].map(file), ['660', '640', '400', '000'])
  const masked = inheritedAcl(someone(carl), withDefaults, 'FILE', 0o740)
  assert.deepEqual(masked, { ...acl('750 u:bob:rwx g:dev:r-x m:r--'), owner: carl })
})

test('where there is a mask, the middle digit of a mode is that', () => {
  assert.equal(modeText(acl('750 u:bob:rwx m:rw-')), '760')
  assert.deepEqual(withMode(acl('750 u:bob:rwx m:rw-'), 0o1740), acl('1750 u:bob:rwx m:r--'))
  assert.equal(modeText(withMode(acl('770'), 0o1705)), '1705')
  assert.equal(modeText(withMode(acl('1770'), 0o770)), '770')
})
