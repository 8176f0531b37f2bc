import assert from 'node:assert/strict'
import { test } from 'node:test'
import { includesFolder, sudoRule, withoutRule, withRule } from './sudoers.ts'

const file = `# made by hand
axb ALL=(ALL) NOPASSWD:ALL
bob ALL = (ALL) NOPASSWD: ALL
bob ALL = (root) /bin/cat
Defaults:bob !requiretty
bob ALL = (ALL) ALL
`

test('the last of our lines for a user is its rule, in the spelling of the agent and of the extension', () => {
  assert.equal(sudoRule(file, 'bob'), 'password')
  assert.equal(sudoRule(file, 'axb'), 'passwordless')
  assert.equal(sudoRule(file, 'a.b'), undefined)
  assert.equal(sudoRule('%bob ALL = (ALL) ALL\n', 'bob'), undefined)
})

test('a rule replaces those of the same user, and leaves what was made by hand', () => {
  assert.equal(
    withRule(file, 'bob', 'passwordless'),
    `bob ALL = (ALL) NOPASSWD: ALL
# made by hand
axb ALL=(ALL) NOPASSWD:ALL
bob ALL = (root) /bin/cat
Defaults:bob !requiretty
`,
  )
  assert.equal(withRule(file, 'a.b', 'password'), `a.b ALL = (ALL) ALL\n${file}`)
  assert.equal(withRule('other ALL = (ALL) ALL', 'bob', 'password'), 'bob ALL = (ALL) ALL\nother ALL = (ALL) ALL\n')
  assert.equal(withRule(withRule('', 'bob', 'password'), 'bob', 'password'), 'bob ALL = (ALL) ALL\n')
})

test('a removed user leaves the lines of all others, once', () => {
  assert.equal(withoutRule(file, 'axb'), file.replace('axb ALL=(ALL) NOPASSWD:ALL\n', ''))
  assert.equal(withoutRule(file, 'nobody'), file)
})

test('both spellings of an inclusion count, and a comment does not', () => {
  for (const line of ['#includedir /etc/sudoers.d', '@includedir /etc/sudoers.d/', '@includedir "/etc/sudoers.d"'])
    assert.equal(includesFolder(`root ALL=(ALL) ALL\n${line}\n`), true)
  for (const line of ['# includedir /etc/sudoers.d', '#includedir /etc/sudoers.other', '@include /etc/sudoers.d'])
    assert.equal(includesFolder(`${line}\n`), false)
})

test('a rule whose user is in quotes is the rule of that user, and is replaced by the next one', () => {
  const file = '"anna" ALL=(ALL) NOPASSWD:ALL\n"ALL" ALL=(ALL) ALL\n'
  assert.equal(sudoRule(file, 'anna'), 'passwordless')
  assert.equal(withRule(file, 'anna', 'password'), 'anna ALL = (ALL) ALL\n"ALL" ALL=(ALL) ALL\n')
})
