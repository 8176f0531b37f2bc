import assert from 'node:assert/strict'
import { createHash, createPublicKey, verify } from 'node:crypto'
import { test } from 'node:test'
import { ecdsa, rsaKey } from '../../../vaults/cryptography/testing-vectors.ts'
import { type Asked, beginning as at, openVault } from '../testing-vault.ts'

type Bundle = { key: { kid: string; n: string; e: string; key_ops: string[] }; attributes: object }
const keyOf = ({ body }: Asked) => (body as Bundle).key
const versionOf = (asked: Asked) => keyOf(asked).kid.split('/').at(-1) ?? ''
const url = (bytes: Uint8Array | string) => Buffer.from(bytes).toString('base64url')
const digest = url(createHash('sha256').update('x').digest())

const attributes = {
  enabled: true,
  created: at,
  updated: at,
  recoveryLevel: 'Recoverable+Purgeable',
  recoverableDays: 90,
  exportable: false,
}
const allUses = ['encrypt', 'decrypt', 'sign', 'verify', 'wrapKey', 'unwrapKey']

const refusal = ({ status, body }: Asked) => {
  const { code, message, innererror } = (body as { error: { code: string; message: string; innererror?: object } })
    .error
  return innererror ? [status, code, message, innererror] : [status, code, message]
}

test('a key is made, read, changed, listed, and shows nothing secret', async t => {
  const { ask, forwardBy } = await openVault(t)
  const made = await ask('POST', '/keys/Door/create', { body: { kty: 'RSA', tags: { a: 'b' } } })
  const version = versionOf(made)
  const { n } = keyOf(made)
  const kid = `https://safe.vault.azure.net/keys/Door/${version}`
  const key = { kid, kty: 'RSA', key_ops: allUses, n, e: 'AQAB' }
  assert.match(n, /^[\w-]{342}$/)
  assert.deepEqual([made.status, made.body], [200, { key, attributes, tags: { a: 'b' } }])
  assert.deepEqual((await ask('GET', '/keys/door/')).body, made.body)
  const { exportable: _exportable, ...old } = attributes
  assert.deepEqual((await ask('GET', `/keys/door/${version}?api-version=7.2`)).body, {
    key,
    attributes: old,
    tags: { a: 'b' },
  })

  forwardBy(1)
  const change = { key_ops: ['sign', 'sign'], attributes: { exp: at + 100 }, tags: {} }
  const changed = await ask('PATCH', '/keys/door/?api-version=7.6', { body: change })
  assert.deepEqual(changed.body, {
    key: { ...key, key_ops: ['sign'] },
    attributes: { ...attributes, exp: at + 100, updated: at + 1, hsmPlatform: '0' },
    tags: {},
  })

  const second = await ask('POST', '/keys/door/create', {
    body: { kty: 'EC', crv: 'P-384', key_ops: ['sign'], attributes: { enabled: false } },
  })
  const { x, y } = keyOf(second) as unknown as { x: string; y: string }
  assert.deepEqual(second.body, {
    key: {
      kid: `https://safe.vault.azure.net/keys/Door/${versionOf(second)}`,
      kty: 'EC',
      crv: 'P-384',
      x,
      y,
      key_ops: ['sign'],
    },
    attributes: { ...attributes, enabled: false, created: at + 1, updated: at + 1 },
  })
  const { body } = await ask('GET', '/keys')
  assert.deepEqual(body, {
    value: [
      {
        kid: 'https://safe.vault.azure.net/keys/Door',
        attributes: { ...attributes, enabled: false, created: at + 1, updated: at + 1 },
      },
    ],
    nextLink: null,
  })
  const versions = (await ask('GET', '/keys/door/versions')).body as { value: { kid: string }[] }
  assert.deepEqual(versions.value.map(one => one.kid).sort(), [kid, keyOf(second).kid].sort())
})

test('keys of all types are made and can be used; a standard vault makes none in hardware', async t => {
  const { ask } = await openVault(t)
  for (const [body, shown] of [
    [{ kty: 'EC' }, { crv: 'P-256', key_ops: ['sign', 'verify'] }],
    [{ kty: 'EC', crv: 'P-256K' }, { crv: 'P-256K' }],
    [{ kty: 'oct' }, { kty: 'oct', key_ops: ['encrypt', 'decrypt', 'wrapKey', 'unwrapKey'] }],
  ] as const) {
    const made = await ask('POST', '/keys/k/create', { body })
    assert.partialDeepStrictEqual(keyOf(made), shown)
  }
  for (const [body, message, inner] of [
    [{ kty: 'RSA-HSM' }, 'Invalid kty value: RSA-HSM', { code: 'KeyTypeNotSupported' }],
    [{ kty: 'rsa' }, 'Invalid kty value: rsa', { code: 'KeyTypeNotSupported' }],
    [{ kty: 'RSA', key_size: 1024 }, 'Unsupported key size (1024). Supported sizes are [2048, 3072, 4096]'],
    [{ kty: 'EC', crv: 'P-224' }, 'Property crv has invalid value\r\n'],
    [{ kty: 'RSA', public_exponent: 65_536 }, 'Property public_exponent has invalid value\r\n'],
    [{ kty: 'EC', release_policy: { data: 'e30' } }, 'AKV.SKR.1005: Non-exportable keys must not have release policy'],
  ] as const) {
    const refused = await ask('POST', '/keys/refused/create', { body })
    assert.deepEqual(refusal(refused), [400, 'BadParameter', message, ...(inner ? [inner] : [])])
  }
  assert.equal((await ask('GET', '/keys/refused')).status, 404)
})

test('a premium vault makes and takes keys of the HSM types', async t => {
  const { ask } = await openVault(t, { properties: { sku: { family: 'A', name: 'premium' } } })
  assert.partialDeepStrictEqual(keyOf(await ask('POST', '/keys/a/create', { body: { kty: 'EC-HSM' } })), {
    kty: 'EC-HSM',
    key_ops: ['sign', 'verify'],
  })
  const imported = await ask('PUT', '/keys/b', { body: { Hsm: true, key: { kty: 'RSA', ...rsaKey } } })
  assert.partialDeepStrictEqual(keyOf(imported), { kty: 'RSA-HSM', n: rsaKey.n })
})

test('what is encrypted, wrapped and signed is decrypted, unwrapped and verified, also by an older version', async t => {
  const { ask } = await openVault(t)
  const imported = await ask('PUT', '/keys/k', { body: { key: { kty: 'RSA', ...rsaKey } } })
  const { kid } = keyOf(imported)
  assert.deepEqual(imported.body, {
    key: { kid, kty: 'RSA', key_ops: allUses, n: rsaKey.n, e: rsaKey.e },
    attributes,
  })
  for (const [there, back] of [
    ['encrypt', 'decrypt'],
    ['wrapKey', 'unwrapKey'],
  ]) {
    const text = await ask('POST', `/keys/k/${there}`, { body: { alg: 'RSA-OAEP-256', value: url('sesame') } })
    const { value } = text.body as { value: string }
    assert.deepEqual(text.body, { kid, value })
    const plain = await ask('POST', `/keys/k//${back}`, { body: { alg: 'RSA-OAEP-256', value } })
    assert.deepEqual(plain.body, { kid, value: url('sesame') })
  }
  const signed = await ask('POST', `/keys/k/${kid.split('/').at(-1)}/sign`, { body: { alg: 'PS256', value: digest } })
  const signature = (signed.body as { value: string }).value
  assert.deepEqual(signed.body, { kid, value: signature })

  await ask('POST', '/keys/k/create', { body: { kty: 'RSA' } })
  const verified = (version: string) =>
    ask('POST', `/keys/k/${version}verify`, { body: { alg: 'PS256', digest, value: signature } })
  assert.deepEqual((await verified('')).body, { value: false })
  assert.deepEqual((await verified(`${kid.split('/').at(-1)}/`)).body, { value: true })
})

test('a symmetric key encrypts with what belongs to the text, and is never shown', async t => {
  const { ask } = await openVault(t)
  const made = await ask('PUT', '/keys/aes', { body: { key: { kty: 'oct', k: url(Buffer.alloc(32, 3)) } } })
  const { kid } = keyOf(made)
  assert.deepEqual(made.body, {
    key: { kid, kty: 'oct', key_ops: ['encrypt', 'decrypt', 'wrapKey', 'unwrapKey'] },
    attributes,
  })
  const aad = url('for whom')
  const gcm = await ask('POST', '/keys/aes/encrypt', { body: { alg: 'A256GCM', value: url('x'), aad } })
  const text = gcm.body as { value: string; iv: string; tag: string }
  assert.deepEqual(gcm.body, { kid, value: text.value, iv: text.iv, tag: text.tag, aad })
  const { value, iv, tag } = text
  const plain = await ask('POST', '/keys/aes/decrypt', { body: { alg: 'A256GCM', value, iv, tag, aad } })
  assert.deepEqual(plain.body, { kid, value: url('x') })
  const other = await ask('POST', '/keys/aes/decrypt', { body: { alg: 'A256GCM', value, iv, tag } })
  assert.deepEqual(refusal(other), [400, 'BadParameter', 'The parameter is incorrect.\r\n'])
})

test('a key is used for what it is for, while it is enabled, and protects only within its dates', async t => {
  const { ask, forwardBy } = await openVault(t)
  const body = { kty: 'RSA', key_ops: ['sign', 'verify', 'decrypt'], attributes: { nbf: at + 10, exp: at + 20 } }
  await ask('POST', '/keys/k/create', { body })
  const sign = () => ask('POST', '/keys/k/sign', { body: { alg: 'RS256', value: digest } })
  const verified = () => ask('POST', '/keys/k/verify', { body: { alg: 'RS256', digest, value: url('no') } })
  const forbidden = (message: string, code: string) => [403, 'Forbidden', message, { code }]

  assert.deepEqual(
    refusal(await sign()),
    forbidden('Operation sign is not allowed on a key that is not yet valid.', 'KeyNotYetValid'),
  )
  assert.deepEqual((await verified()).body, { value: false })
  forwardBy(10)
  assert.equal((await sign()).status, 200)
  forwardBy(10)
  assert.deepEqual(refusal(await sign()), forbidden('Operation sign is not allowed on an expired key.', 'KeyExpired'))
  assert.deepEqual((await verified()).body, { value: false })

  const wrap = await ask('POST', '/keys/k/wrapkey', { body: { alg: 'RSA-OAEP', value: url('x') } })
  assert.equal(refusal(wrap)[2], 'Operation wrapKey is not allowed on an expired key.')
  const unwrap = await ask('POST', '/keys/k/unwrapkey', { body: { alg: 'RSA-OAEP', value: url('x') } })
  assert.deepEqual(
    refusal(unwrap),
    forbidden('Operation unwrapKey is not permitted on this key.', 'KeyOperationForbidden'),
  )

  await ask('PATCH', '/keys/k', { body: { attributes: { enabled: false } } })
  for (const [operation, asked] of [
    ['verify', await verified()],
    ['get', await ask('GET', '/keys/k')],
  ] as const) {
    assert.deepEqual(
      refusal(asked),
      forbidden(`Operation ${operation} is not allowed on a disabled key.`, 'KeyDisabled'),
    )
  }
  assert.equal((await ask('PATCH', '/keys/k', { body: { attributes: { enabled: true } } })).status, 200)
})

test('a brought key is checked whole, and a bad one changes nothing', async t => {
  const { ask } = await openVault(t)
  const ec = ecdsa[0].key
  for (const [key, message] of [
    [{ kty: 'RSA', ...rsaKey, d: rsaKey.n }, 'Property key.d has invalid value\r\n'],
    [{ kty: 'RSA', n: rsaKey.n, e: rsaKey.e }, 'Property key.d has invalid value\r\n'],
    [{ kty: 'EC', ...ec, x: ec.y }, 'Property key.x has invalid value\r\n'],
    [{ kty: 'oct', k: url('too short') }, 'Unsupported key size (72). Supported sizes are [128, 192, 256]'],
  ] as const) {
    assert.deepEqual(refusal(await ask('PUT', '/keys/k', { body: { key } })), [400, 'BadParameter', message])
  }
  assert.equal((await ask('GET', '/keys/k')).status, 404)
})

test('a deleted key is not used, comes back as it was, and can be destroyed', async t => {
  const { ask } = await openVault(t)
  const made = await ask('POST', '/keys/k/create', { body: { kty: 'EC' } })
  const deleted = await ask('DELETE', '/keys/k')
  const day = 86_400
  assert.deepEqual(deleted.body, {
    recoveryId: 'https://safe.vault.azure.net/deletedkeys/k',
    deletedDate: at,
    scheduledPurgeDate: at + 90 * day,
    ...(made.body as object),
  })
  const sign = () => ask('POST', '/keys/k/sign', { body: { alg: 'ES256', value: digest } })
  assert.equal((await sign()).status, 404)
  assert.deepEqual(refusal(await ask('POST', '/keys/k/create', { body: { kty: 'EC' } })).slice(0, 2), [409, 'Conflict'])
  assert.deepEqual((await ask('POST', '/deletedkeys/k/recover')).body, made.body)
  assert.equal((await sign()).status, 200)
  await ask('DELETE', '/keys/k')
  assert.equal((await ask('DELETE', '/deletedkeys/k')).status, 204)
  assert.equal((await ask('GET', '/deletedkeys/k')).status, 404)
})

test('a restored key does what the old one did', async t => {
  const { ask } = await openVault(t)
  const made = await ask('POST', '/keys/k/create', { body: { kty: 'RSA' } })
  await ask('PUT', '/keys/k/rotationpolicy', { body: { lifetimeActions: [rotateAfter('P30D')] } })
  const policy = (await ask('GET', '/keys/k/rotationpolicy')).body
  const text = await ask('POST', '/keys/k/encrypt', { body: { alg: 'RSA-OAEP', value: url('sesame') } })
  const backup = (await ask('POST', '/keys/k/backup')).body as { value: string }
  assert.equal((await ask('POST', '/keys/restore', { body: backup })).status, 409)
  await ask('DELETE', '/keys/k')
  await ask('DELETE', '/deletedkeys/k')
  assert.deepEqual((await ask('POST', '/keys/restore', { body: backup })).body, made.body)
  const plain = await ask('POST', '/keys/k/decrypt', { body: { alg: 'RSA-OAEP', ...(text.body as object) } })
  assert.deepEqual(plain.body, { kid: keyOf(made).kid, value: url('sesame') })
  assert.deepEqual((await ask('GET', '/keys/k/rotationpolicy')).body, policy)
})

const rotateAfter = (timeAfterCreate: string) => ({ trigger: { timeAfterCreate }, action: { type: 'Rotate' } })

test('random bytes are as many as asked for', async t => {
  const { ask } = await openVault(t)
  for (const count of [1, 128]) {
    const { value } = (await ask('POST', '/rng', { body: { count } })).body as { value: string }
    assert.equal(Buffer.from(value, 'base64url').length, count)
  }
  for (const count of [0, 129, '5', 1.5]) assert.equal((await ask('POST', '/rng', { body: { count } })).status, 400)
})

test('no key leaves the vault', async t => {
  const { ask } = await openVault(t)
  await ask('POST', '/keys/k/create', { body: { kty: 'RSA' } })
  const released = await ask('POST', '/keys/k/release', { body: { target: 'e30' } })
  assert.deepEqual(refusal(released), [
    403,
    'Forbidden',
    'Operation release is not permitted on this key.',
    { code: 'KeyOperationForbidden' },
  ])
  assert.equal((await ask('GET', '/keys/k/attestation')).status, 400)
})

test('a signature can be verified by whoever knows the public key', async t => {
  const { ask } = await openVault(t)
  const made = await ask('POST', '/keys/k/create', { body: { kty: 'EC', crv: 'P-521' } })
  const value = url(createHash('sha512').update('message').digest())
  const signed = await ask('POST', '/keys/k/sign', { body: { alg: 'ES512', value } })
  const key = createPublicKey({ key: keyOf(made) as never, format: 'jwk' })
  const signature = Buffer.from((signed.body as { value: string }).value, 'base64url')
  assert.ok(verify('sha512', Buffer.from('message'), { key, dsaEncoding: 'ieee-p1363' }, signature))
})
