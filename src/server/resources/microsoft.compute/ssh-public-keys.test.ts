import assert from 'node:assert/strict'
import { createPrivateKey, createPublicKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parsePublicKey, sshPublicKey } from '../../ssh/public-key.ts'
import { key, openGroup } from './testing-machines.ts'

const path = 'Microsoft.Compute/sshPublicKeys/k1'
const body = { location: 'westeurope' }

test('A public key is kept, listed, exchanged and deleted', async t => {
  const { id, send } = await openGroup(t)
  const created = await send('PUT', path, { ...body, properties: { publicKey: `${key}\n` } })
  assert.deepEqual([created.status, created.body.properties], [201, { publicKey: `${key}\n` }])
  assert.equal(created.body.id, `${id}/providers/${path}`)
  assert.equal((await send('GET', 'Microsoft.Compute/sshPublicKeys')).body.value.length, 1)
  const patched = await send('PATCH', path, { properties: { publicKey: key }, tags: { a: 'b' } })
  assert.deepEqual([patched.body.properties, patched.body.tags], [{ publicKey: key }, { a: 'b' }])
  assert.equal((await send('DELETE', path)).status, 200)
  assert.equal((await send('GET', path)).status, 404)
})

test('What is not a key that Azure takes is refused', async t => {
  const { send } = await openGroup(t)
  const ecdsa = 'ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBA=='
  for (const publicKey of ['', '~/.ssh/id_rsa.pub', ecdsa]) {
    const { status, body: answer } = await send('PUT', path, { ...body, properties: { publicKey } })
    assert.deepEqual([status, answer.error.code], [400, 'InvalidParameter'])
  }
})

const kinds = [
  [undefined, 'ssh-rsa', 4096],
  ['RSA', 'ssh-rsa', 4096],
] as const

for (const [encryptionType, type, bits] of kinds) {
  test(`generateKeyPair with ${encryptionType ?? 'nothing said'} answers a ${type} pair and keeps the public half`, async t => {
    const { lazuli, id, send } = await openGroup(t)
    await send('PUT', path, body)
    const { status, body: pair } = await send('POST', `${path}/generateKeyPair`, encryptionType && { encryptionType })
    assert.equal(status, 200)
    assert.deepEqual([pair.id, parsePublicKey(pair.publicKey)?.type], [`${id}/providers/${path}`, type])
    assert.equal(parsePublicKey(pair.publicKey)?.bits, bits)
    const half = createPublicKey(createPrivateKey(pair.privateKey))
    assert.deepEqual(sshPublicKey(half, '').blob, parsePublicKey(pair.publicKey)?.blob)
    assert.deepEqual((await send('GET', path)).body.properties, { publicKey: pair.publicKey })

    await lazuli.close()
    const stored = readFileSync(join(lazuli.parts.config.directory, 'lazuli.sqlite'), 'latin1')
    assert.ok(!stored.includes('PRIVATE KEY'))
  })
}

test('generateKeyPair makes Ed25519 keys in the form of OpenSSH, and no other kind', async t => {
  const { send } = await openGroup(t)
  await send('PUT', path, body)
  const { body: pair } = await send('POST', `${path}/generateKeyPair`, { encryptionType: 'Ed25519' })
  assert.match(pair.privateKey, /^-----BEGIN OPENSSH PRIVATE KEY-----\n/)
  assert.equal(parsePublicKey(pair.publicKey)?.type, 'ssh-ed25519')
  assert.equal((await send('POST', `${path}/generateKeyPair`, { encryptionType: 'constructor' })).status, 400)
  const refused = await send('POST', `${path}/generateKeyPair`, { encryptionType: 'DSA' })
  assert.deepEqual([refused.status, refused.body.error.code], [400, 'InvalidParameter'])
})

test('Whoever may only read makes no key pair', async t => {
  const { lazuli, send } = await openGroup(t)
  await send('PUT', path, body)
  const { token } = await lazuli.principal({ roles: [{ role: 'Reader' }] })
  assert.equal((await send('POST', `${path}/generateKeyPair`, {}, { token })).status, 403)
})
