import assert from 'node:assert/strict'
import { test } from 'node:test'
import { dateOfDay, dayNumber, findAccount, findShadow, leastUserId, listGroups } from './account-files.ts'

test('an account is found by its whole name', () => {
  const passwd =
    'root:x:0:0:root:/root:/bin/bash\nbobby:x:1002:1002::/home/bobby:/bin/sh\nbob:x:1001:1003:Bob,,,:/data/bob:/bin/zsh\n'
  assert.deepEqual(findAccount(passwd, 'bob'), {
    name: 'bob',
    uid: 1001,
    gid: 1003,
    comment: 'Bob,,,',
    home: '/data/bob',
    shell: '/bin/zsh',
  })
  assert.equal(findAccount(passwd, 'bo'), undefined)
})

test('empty fields of shadow are not zero', () => {
  assert.deepEqual(findShadow('bob:!:20000:0:99999:7::21945:\n', 'bob'), {
    hash: '!',
    lastChange: 20_000,
    minDays: 0,
    maxDays: 99_999,
    warnDays: 7,
    inactiveDays: undefined,
    expiryDay: 21_945,
  })
})

test('groups have their members', () => {
  assert.deepEqual(listGroups('sudo:x:27:alice,bob\nbob:x:1001:\n'), [
    { name: 'sudo', gid: 27, members: ['alice', 'bob'] },
    { name: 'bob', gid: 1001, members: [] },
  ])
})

test('accounts of people begin where login.defs says, otherwise at 1000', () => {
  assert.equal(leastUserId('# UID_MIN 5\nUID_MIN\t\t\t  500\nSYS_UID_MIN 100\n'), 500)
  assert.equal(leastUserId(undefined), 1000)
})

test('days are counted from 1970', () => {
  assert.equal(dayNumber('2030-01-31'), 21_945)
  assert.equal(dateOfDay(21_945), '2030-01-31')
})

for (const [home, plain] of [
  ['/home/bob', '/home/bob'],
  ['/home/bob/', '/home/bob'],
  ['/home//bob', '/home/bob'],
  ['//home/./bob/.', '/home/bob'],
  ['/home/.bob', '/home/.bob'],
  ['/home/../srv/bob', '/home/../srv/bob'],
  ['/', '/'],
  ['//', '/'],
  ['', ''],
] as const) {
  test(`a home written as "${home}" is "${plain}"`, () => {
    assert.equal(findAccount(`bob:x:1001:1001::${home}:/bin/sh\n`, 'bob')?.home, plain)
  })
}
