import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HandlerFailure } from '../handler/failure.ts'
import { readWish } from './settings.ts'
import { hostileSettings, isForTheMachine } from './testing-hostile-settings.ts'

const today = '2026-11-21'
const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f me@here'
const read = (protectedSettings: Record<string, unknown>, publicSettings: Record<string, unknown> = {}) =>
  readWish({ protectedSettings, publicSettings }, today)

test('all settings are read, and truth may come as a text', () => {
  const { user, ...others } = read(
    {
      username: 'myNewUser',
      password: 'p w"',
      ssh_key: `${key}\n`,
      expiration: '2030-01-31',
      remove_prior_keys: 'TRUE',
      enable_passwordless_access: false,
      reset_ssh: 'False',
      restore_backup_ssh: 'true',
      remove_user: '',
    },
    { check_disk: 'True', repair_disk: 'false', disk_name: 'sdc1' },
  )
  assert.deepEqual(others, {
    removeUser: undefined,
    ssh: 'restore',
    disk: { action: 'check', name: 'sdc1' },
    remarks: [],
  })
  assert.equal(user?.keys[0]?.comment, 'me@here')
  assert.deepEqual(
    { ...user, keys: user?.keys.length },
    {
      name: 'myNewUser',
      password: 'p w"',
      keys: 1,
      removePriorKeys: true,
      expiration: '2030-01-31',
      passwordlessSudo: false,
    },
  )
})

test('nothing wished is nothing to do, and unknown settings are named', () => {
  assert.deepEqual(read({ username: null, password: '', ssh_key: '', reset_ssh: 'false' }, { disk_name: '' }), {
    user: undefined,
    removeUser: undefined,
    ssh: undefined,
    disk: undefined,
    remarks: [],
  })
  assert.deepEqual(read({ usrname: 'bob' }, { Check_Disk: true }).remarks, [
    'The setting "Check_Disk" is not known and has no effect.',
    'The setting "usrname" is not known and has no effect.',
  ])
})

test('a time of day behind the date is what clients of old send, and counts as the date', () => {
  const expiration = (text: string) => read({ username: 'bob', expiration: text }).user?.expiration
  assert.equal(expiration('2030-01-31T10:00:00.000Z'), '2030-01-31')
  assert.equal(expiration('2026-11-22'), '2026-11-22')
  assert.equal(expiration('Never'), 'never')
})

test('there are more than 200 hostile settings', () => {
  assert.ok(hostileSettings.length > 200, String(hostileSettings.length))
})

for (const hostile of hostileSettings.filter(one => !isForTheMachine(one))) {
  test(`refused: ${hostile.why}`, () => {
    const secrets = [hostile.protectedSettings.password, hostile.protectedSettings.ssh_key]
    assert.throws(
      () => readWish(hostile, today),
      (error: unknown) => {
        assert.ok(error instanceof HandlerFailure, String(error))
        for (const secret of secrets)
          if (typeof secret === 'string' && secret.length > 8) assert.ok(!error.message.includes(secret), error.message)
        return true
      },
    )
  })
}
