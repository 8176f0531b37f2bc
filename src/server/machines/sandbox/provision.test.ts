import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MachineSpec } from '../driver.ts'
import { checkSpec } from './provision.ts'

const admin = { username: 'azureuser', sshPublicKeys: ['ssh-ed25519 AAAA a comment\n'], passwordAuthentication: true }
const spec: MachineSpec = {
  id: '11111111-2222-3333-4444-555555555555',
  computerName: 'web-1',
  image: 'server',
  cpus: 1,
  memoryMiB: 512,
  admin: { ...admin, password: 'a:b c' },
}

test('ordinary names, keys and passwords are accepted', () => {
  checkSpec(spec)
})

test('nothing is accepted that would add a line to the file it goes into', () => {
  const cases: [wish: Partial<MachineSpec>, complaint: RegExp][] = [
    [{ computerName: 'web\n1.2.3.4 evil' }, /computer name/],
    [{ computerName: '-web' }, /computer name/],
    [{ computerName: '' }, /computer name/],
    [{ admin: { ...admin, username: 'a\nb ALL=(ALL) ALL' } }, /user name/],
    [{ admin: { ...admin, username: '%sudo' } }, /user name/],
    [{ admin: { ...admin, username: '../root' } }, /user name/],
    [{ admin: { ...admin, password: 'secret\nroot:secret' } }, /password has a line break/],
    [{ admin: { ...admin, sshPublicKeys: ['ssh-ed25519 AAAA\nssh-ed25519 BBBB'] } }, /SSH key has a line break/],
  ]
  for (const [wish, complaint] of cases) assert.throws(() => checkSpec({ ...spec, ...wish }), complaint)
})
