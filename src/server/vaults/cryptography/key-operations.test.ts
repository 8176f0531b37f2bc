import assert from 'node:assert/strict'
import { constants, createHash, createPublicKey, sign, verify } from 'node:crypto'
import { after, before, test } from 'node:test'
import { AzureError } from '../../errors.ts'
import { fromBase64url } from './base64url.ts'
import { materialOfJwk } from './json-web-key.ts'
import { generateMaterial, type KeyMaterial, type KeyWish } from './key-material.ts'
import { type KeyOperations, openKeyOperations, type UsedKey } from './key-operations.ts'
import { ecdsa, keyWraps, rs256, rsaKey, wrapped } from './testing-vectors.ts'

const kid = 'https://v.vault.azure.net/keys/k/1'
let operations: KeyOperations
before(() => {
  operations = openKeyOperations()
})
after(() => operations.close())

const used = (material: KeyMaterial): UsedKey => ({ kid, kty: material.kty, material })
const made = async (wish: KeyWish) => used(await generateMaterial(wish))

async function brought(kty: KeyMaterial['kty'], jwk: object): Promise<UsedKey> {
  const material = await materialOfJwk(kty, jwk)
  assert.ok('key' in material, JSON.stringify(material))
  return used(material)
}

const digestOf = (name: string, text: string | Uint8Array) => createHash(name).update(text).digest()

async function refusal(promise: Promise<unknown>) {
  try {
    await promise
  } catch (error) {
    if (error instanceof AzureError) return [error.status, error.code, error.message]
    throw error
  }
  assert.fail('it was not refused')
}

const incorrect = [400, 'BadParameter', 'The parameter is incorrect.\r\n']

test('RS256 makes the signature of RFC 7515, and accepts no other', async () => {
  const key = await brought('RSA', rsaKey)
  const digest = digestOf('sha256', rs256.message)
  const signature = await operations.sign(key, 'RS256', digest)
  assert.equal(Buffer.from(signature).toString('base64url'), rs256.signature)
  assert.equal(await operations.verify(key, 'RS256', digest, signature), true)
  const altered = Buffer.from(signature)
  altered[10] = (altered[10] ?? 0) ^ 1
  const others = [altered, signature.subarray(1), Buffer.alloc(0), Buffer.alloc(256), Buffer.alloc(256, 0xff)]
  for (const other of others) assert.equal(await operations.verify(key, 'RS256', digest, other), false)
  assert.equal(await operations.verify(key, 'PS256', digest, signature), false)
  assert.equal(await operations.verify(key, 'RS256', digestOf('sha256', 'another'), signature), false)
})

for (const { alg, digest, key: jwk, signature } of ecdsa) {
  test(`${alg} makes the signature of RFC 6979 and accepts its twin, but nothing else`, async () => {
    const key = await brought('EC', jwk)
    const message = digestOf(digest, 'sample')
    assert.deepEqual(Buffer.from(await operations.sign(key, alg, message)), signature)
    assert.equal(await operations.verify(key, alg, message, signature), true)
    const half = signature.length / 2
    const zeros = Buffer.alloc(half)
    const others = [
      Buffer.concat([zeros, signature.subarray(half)]),
      Buffer.concat([signature.subarray(0, half), zeros]),
      Buffer.alloc(half * 2, 0xff),
      signature.subarray(1),
      Buffer.concat([signature, Buffer.of(0)]),
      Buffer.alloc(0),
    ]
    for (const other of others) assert.equal(await operations.verify(key, alg, message, other), false)
    const twin = await sign(digest, Buffer.from('sample'), { key: key.material.key, dsaEncoding: 'ieee-p1363' })
    assert.equal(await operations.verify(key, alg, message, twin), true)
  })
}

for (const alg of ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512']) {
  test(`OpenSSL verifies what ${alg} signs, and the other way round`, async () => {
    const hash = `sha${alg.slice(2)}`
    const padding = alg.startsWith('PS') ? constants.RSA_PKCS1_PSS_PADDING : constants.RSA_PKCS1_PADDING
    for (const size of [2048, 3072] as const) {
      const key = await made({ kty: 'RSA', size })
      const message = Buffer.from(`signed with ${size} bits`)
      const options = { padding, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
      const ours = await operations.sign(key, alg, digestOf(hash, message))
      assert.ok(verify(hash, message, { key: createPublicKey(key.material.key), ...options }, ours))
      const theirs = sign(hash, message, { key: key.material.key, ...options })
      assert.equal(await operations.verify(key, alg, digestOf(hash, message), theirs), true)
      if (!alg.startsWith('PS')) continue
      const shortSalt = sign(hash, message, { key: key.material.key, padding, saltLength: 8 })
      assert.equal(await operations.verify(key, alg, digestOf(hash, message), shortSalt), false)
    }
  })
}

test('ES256K signs what OpenSSL verifies', async () => {
  const key = await made({ kty: 'EC', curve: 'P-256K' })
  const signature = await operations.sign(key, 'ES256K', digestOf('sha256', 'x'))
  const publicKey = { key: createPublicKey(key.material.key), dsaEncoding: 'ieee-p1363' as const }
  assert.ok(verify('sha256', Buffer.from('x'), publicKey, signature))
})

for (const alg of ['RSA1_5', 'RSA-OAEP', 'RSA-OAEP-256']) {
  test(`${alg} encrypts up to its limit, and decrypts nothing that it has not made`, async () => {
    const key = await made({ kty: 'RSA', size: 2048 })
    const limit = { RSA1_5: 245, 'RSA-OAEP': 214, 'RSA-OAEP-256': 190 }[alg] ?? 0
    const value = Buffer.alloc(limit, 7)
    const text = await operations.encrypt(key, alg, { value })
    assert.deepEqual(Buffer.from((await operations.decrypt(key, alg, text)).value), value)
    const wrap = await operations.wrap(key, alg, { value: value.subarray(0, 32) })
    assert.deepEqual(Buffer.from((await operations.unwrap(key, alg, wrap)).value), value.subarray(0, 32))
    const tooLong = { value: Buffer.alloc(limit + 1) }
    assert.deepEqual(await refusal(operations.encrypt(key, alg, tooLong)), incorrect)
    const altered = Buffer.from(text.value)
    altered[100] = (altered[100] ?? 0) ^ 1
    for (const bad of [altered, Buffer.alloc(256, 0xff), Buffer.alloc(255, 1), Buffer.alloc(0)]) {
      const attempt = operations.decrypt(key, alg, { value: bad })
      if (alg !== 'RSA1_5') assert.deepEqual(await refusal(attempt), incorrect)
      // Which texts are padded well is what attackers ask: all of them are, it seems.
      else assert.notDeepEqual(await attempt.catch(() => undefined), { value })
    }
  })
}

for (const [alg, k, expected] of keyWraps) {
  test(`${alg} wraps as RFC 3394 says, and unwraps nothing that was altered`, async () => {
    const key = await brought('oct', { k: Buffer.from(k, 'hex').toString('base64url') })
    const { value } = await operations.wrap(key, alg, { value: wrapped })
    assert.equal(Buffer.from(value).toString('hex').toUpperCase(), expected)
    assert.deepEqual(Buffer.from((await operations.unwrap(key, alg, { value })).value), wrapped)
    for (const length of [0, 8, 17]) {
      assert.deepEqual(await refusal(operations.wrap(key, alg, { value: Buffer.alloc(length) })), incorrect)
    }
    const altered = Buffer.from(value)
    altered[0] = (altered[0] ?? 0) ^ 1
    assert.deepEqual(await refusal(operations.unwrap(key, alg, { value: altered })), incorrect)
    assert.deepEqual(await refusal(operations.encrypt(key, alg, { value })), [
      400,
      'BadParameter',
      `Unsupported algorithm: ${alg}`,
    ])
  })
}

for (const size of [128, 192, 256] as const) {
  test(`AES with ${size} bits encrypts and decrypts in GCM and CBC, and says no to what was altered`, async () => {
    const key = await made({ kty: 'oct', size })
    const value = Buffer.from('sixteen bytes ok')
    const aad = Buffer.from('for whom')

    const gcm = await operations.encrypt(key, `A${size}GCM`, { value, aad, iv: Buffer.alloc(12) })
    assert.notDeepEqual(gcm.iv, Buffer.alloc(12))
    assert.deepEqual((await operations.decrypt(key, `A${size}GCM`, gcm)).value, value)
    const { tag = Buffer.of() } = gcm
    const bad = [
      { ...gcm, aad: Buffer.of() },
      { ...gcm, tag: tag.subarray(0, 4) },
      { value: gcm.value, tag },
      { value },
    ]
    for (const one of bad) assert.deepEqual(await refusal(operations.decrypt(key, `A${size}GCM`, one)), incorrect)

    for (const alg of [`A${size}CBC`, `A${size}CBCPAD`]) {
      const text = await operations.encrypt(key, alg, { value, iv: Buffer.alloc(16, 5) })
      assert.deepEqual((await operations.decrypt(key, alg, text)).value, value)
      assert.deepEqual(await refusal(operations.encrypt(key, alg, { value, iv: Buffer.alloc(12) })), incorrect)
      const cut = { ...text, value: text.value.subarray(0, 15) }
      assert.deepEqual(await refusal(operations.decrypt(key, alg, cut)), incorrect)
    }
    const odd = { value: Buffer.from('x') }
    assert.deepEqual(await refusal(operations.encrypt(key, `A${size}CBC`, odd)), incorrect)
    const padded = await operations.encrypt(key, `A${size}CBCPAD`, odd)
    assert.deepEqual((await operations.decrypt(key, `A${size}CBCPAD`, padded)).value, odd.value)
    const other = size === 256 ? 128 : 256
    assert.deepEqual(await refusal(operations.encrypt(key, `A${other}GCM`, odd)), [
      400,
      'BadParameter',
      `Key and encryption algorithm are incompatible. Key ${kid} has ${size} bits, and algorithm 'A${other}GCM' can only be used with a key of ${other} bits.`,
    ])
  })
}

test('an algorithm of another type, curve or digest is refused in Azure’s words', async () => {
  const ec = await made({ kty: 'EC', curve: 'P-256K' })
  const rsa = await made({ kty: 'RSA', size: 2048 })
  const digest = Buffer.alloc(32)
  const cases: [Promise<unknown>, string][] = [
    [
      operations.sign(ec, 'ES256', digest),
      `Key and signing algorithm are incompatible. Key ${kid} uses curve 'P-256K', and algorithm 'ES256' can only be used with curve 'P-256'.`,
    ],
    [
      operations.sign(rsa, 'ES256', digest),
      `Key and signing algorithm are incompatible. Key ${kid} is of type 'RSA', and algorithm 'ES256' can only be used with a key of type 'EC' or 'EC-HSM'.`,
    ],
    [
      operations.encrypt(ec, 'RSA-OAEP', { value: digest }),
      `Key and encryption algorithm are incompatible. Key ${kid} is of type 'EC', and algorithm 'RSA-OAEP' can only be used with a key of type 'RSA' or 'RSA-HSM'.`,
    ],
    [
      operations.sign(rsa, 'RS512', digest),
      `Invalid length of 'value': 32 bytes. 'RS512' requires 64 bytes, encoded with base64url.`,
    ],
    [
      operations.verify(rsa, 'RS512', digest, digest),
      `Invalid length of 'digest': 32 bytes. 'RS512' requires 64 bytes, encoded with base64url.`,
    ],
    [operations.sign(rsa, 'toString', digest), 'Unsupported algorithm: toString'],
    [operations.encrypt(rsa, 'RS256', { value: digest }), 'Unsupported algorithm: RS256'],
  ]
  for (const [promise, message] of cases) assert.deepEqual(await refusal(promise), [400, 'BadParameter', message])
})

test('base64url is read with and without padding, and nothing else is', () => {
  assert.deepEqual(fromBase64url('_-8'), Buffer.of(0xff, 0xef))
  assert.deepEqual(fromBase64url('_-8='), Buffer.of(0xff, 0xef))
  assert.deepEqual(fromBase64url(''), Buffer.of())
  for (const text of ['/+8', 'a', 'ab=c', 'a b', 'é', '===']) assert.equal(fromBase64url(text), undefined, text)
})
