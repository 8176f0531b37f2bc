import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemGrant } from '../../access/grant.ts'
import { openAgentRig } from './testing-agent.ts'

const arrange = systemGrant('arrange a test')

const certificate = (more: object = {}) => ({
  ...{ id: 'https://Kv1.vault.azure.net/secrets/web', path: '/store/Kv1.web', lastError: '', lastRenewal: '' },
  ...{ installed: { version: 'a'.repeat(32), notBefore: '2026-01-01T00:00:00Z', notAfter: '2027-01-01T00:00:00Z' } },
  ...{ nextPoll: '2026-11-25T01:00:00Z', lastPoll: '2026-11-25T00:00:00Z' },
  ...more,
})

test('what a machine keeps is known also of one that has said nothing since the server was started', async t => {
  const { ask, send, lazuli, machineId, finish, vm } = await openAgentRig(t)
  const list = async () => (await send('GET', '/providers/Lazuli.Server/certificates')).body.value
  const stored = () => lazuli.store.observedCertificates.get(arrange, machineId)
  const say = async (...certificates: object[]) =>
    assert.equal((await ask('PUT', '/certificates', { body: { certificates } })).status, 204)
  assert.deepEqual(await list(), [])

  const saidAt = Date.UTC(2026, 10, 24)
  const before = { ...certificate({ lastError: 'away' }), nextPoll: null, lastPoll: null }
  await lazuli.store.write(tx => tx.observedCertificates.put(arrange, machineId, { certificates: [before], saidAt }))
  const [machine, ...others] = await list()
  assert.deepEqual(others, [])
  assert.equal(machine.heardBefore, new Date(saidAt).toISOString())
  assert.deepEqual(machine.certificates, [{ ...before, nextRenewal: null }])

  await say(certificate())
  const [now] = await list()
  assert.equal(now.heardBefore, null)
  assert.deepEqual(now.certificates, [{ ...certificate(), nextRenewal: null }])
  const kept = await stored()
  assert.deepEqual(kept?.certificates, [{ ...certificate(), nextPoll: null, lastPoll: null }])
  await say(certificate({ nextPoll: '2026-11-25T02:00:00Z', lastPoll: '2026-11-25T01:00:00Z' }))
  assert.equal((await stored())?.saidAt, kept?.saidAt, 'a poll that brought nothing new is not written down')

  await say()
  assert.deepEqual([await list(), await stored()], [[], undefined])
  await say(certificate())
  assert.equal((await finish('DELETE', vm)).status, 'Succeeded')
  assert.equal(await stored(), undefined)
})
