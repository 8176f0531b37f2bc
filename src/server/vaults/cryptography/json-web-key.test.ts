import assert from 'node:assert/strict'
import { test } from 'node:test'
import { materialOfJwk, publicJwk } from './json-web-key.ts'
import { curves, generateMaterial, type KeyMaterial, materialBytes, materialOf, sortOf } from './key-material.ts'
import { ecdsa, rsaKey } from './testing-vectors.ts'

const url = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url')
const number = (text: string) => BigInt(`0x${Buffer.from(text, 'base64url').toString('hex')}`)
const text = (value: bigint) => {
  const hex = value.toString(16)
  return url(Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex'))
}

test('keys of every sort are made, kept, read again and shown without what is secret', async () => {
  const wishes = [
    { kty: 'RSA', size: 2048 },
    ...(Object.keys(curves) as (keyof typeof curves)[]).map(curve => ({ kty: 'EC', curve }) as const),
    { kty: 'oct', size: 192 },
  ] as const
  for (const wish of wishes) {
    const material = await generateMaterial(wish)
    const again = materialOf(wish.kty, materialBytes(material))
    assert.ok(again.key.equals(material.key))
    const shown = publicJwk(again)
    const members = { RSA: ['n', 'e'], EC: ['crv', 'x', 'y'], oct: [] }[wish.kty]
    assert.deepEqual(Object.keys(shown), members)
    if (wish.kty === 'EC') assert.equal(shown.crv, wish.curve)
    assert.equal(sortOf(again).kty, wish.kty)
  }
})

test('a brought key is what it says it is, also with numbers that begin with zeros or lack them', async () => {
  const rsa = (await materialOfJwk('RSA', {
    ...rsaKey,
    n: url(Buffer.concat([Buffer.of(0), Buffer.from(rsaKey.n, 'base64url')])),
  })) as KeyMaterial
  assert.deepEqual(publicJwk(rsa), { n: rsaKey.n, e: rsaKey.e })
  const key = ecdsa[2].key
  const short = Buffer.from(key.d, 'base64url').subarray(1)
  const ec = (await materialOfJwk('EC', { ...key, d: url(short) })) as KeyMaterial
  assert.deepEqual(publicJwk(ec), { crv: key.crv, x: key.x, y: key.y })
  const oct = (await materialOfJwk('oct', { k: url(Buffer.alloc(32, 1)) })) as KeyMaterial
  assert.deepEqual(publicJwk(oct), {})
})

test('a key whose parts do not belong together is refused by the part that is wrong', async () => {
  const [p256, p384] = [ecdsa[0].key, ecdsa[1].key]
  const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n
  const p = number(rsaKey.p)
  const cases: [KeyMaterial['kty'], object, object][] = [
    ['RSA', { ...rsaKey, d: undefined }, { invalid: 'd' }],
    ['RSA', { ...rsaKey, n: '' }, { invalid: 'n' }],
    ['RSA', { ...rsaKey, n: 'not base64url!' }, { invalid: 'n' }],
    ['RSA', { ...rsaKey, n: url(Buffer.alloc(128, 255)) }, { size: 1024, sizes: [2048, 3072, 4096] }],
    ['RSA', { ...rsaKey, n: url(Buffer.alloc(600, 255)) }, { invalid: 'n' }],
    ['RSA', { ...rsaKey, n: text(number(rsaKey.n) + 2n) }, { invalid: 'p' }],
    ['RSA', { ...rsaKey, e: 'AQ' }, { invalid: 'e' }],
    ['RSA', { ...rsaKey, e: 'Ag' }, { invalid: 'e' }],
    ['RSA', { ...rsaKey, d: text(number(rsaKey.d) + 2n) }, { invalid: 'd' }],
    ['RSA', { ...rsaKey, p: rsaKey.q }, { invalid: 'p' }],
    ['RSA', { ...rsaKey, p: rsaKey.n, q: 'AQ' }, { invalid: 'p' }],
    ['RSA', { ...rsaKey, p: rsaKey.q, q: rsaKey.p }, { invalid: 'dp' }],
    ['RSA', { ...rsaKey, dp: text(number(rsaKey.dp) + p - 1n) }, { invalid: 'dp' }],
    ['RSA', { ...rsaKey, dq: rsaKey.dp }, { invalid: 'dq' }],
    ['RSA', { ...rsaKey, qi: rsaKey.p }, { invalid: 'qi' }],
    ['EC', { ...p256, crv: 'P-224' }, { invalid: 'crv' }],
    ['EC', { ...p256, crv: 'toString' }, { invalid: 'crv' }],
    ['EC', { ...p256, crv: undefined }, { invalid: 'crv' }],
    ['EC', { ...p256, d: undefined }, { invalid: 'd' }],
    ['EC', { ...p256, d: text(number(p256.d) + 1n) }, { invalid: 'x' }],
    ['EC', { ...p256, x: p256.y }, { invalid: 'x' }],
    ['EC', { ...p256, d: 'AA' }, { invalid: 'd' }],
    ['EC', { ...p256, d: text(order) }, { invalid: 'd' }],
    ['EC', { ...p384, crv: 'P-256' }, { invalid: 'x' }],
    ['oct', {}, { invalid: 'k' }],
    ['oct', { k: url(Buffer.alloc(10)) }, { size: 80, sizes: [128, 192, 256] }],
  ]
  for (const [kty, jwk, expected] of cases) {
    const given = JSON.stringify(jwk).slice(0, 90)
    assert.deepEqual(await materialOfJwk(kty, jwk), expected, given)
  }
})

test('a product of numbers that are not prime is no RSA key, even when all else fits', async () => {
  const size = 1024n
  const p = (1n << (size - 1n)) + (1n << (size - 2n)) + 1n
  let q = p + 2n
  const e = 65_537n
  const inverse = (a: bigint, m: bigint): bigint => {
    let [r0, r1, s0, s1] = [m, a % m, 0n, 1n]
    while (r1 !== 0n) [r0, r1, s0, s1] = [r1, r0 % r1, s1, s0 - (r0 / r1) * s1]
    return r0 === 1n ? ((s0 % m) + m) % m : 0n
  }
  const fits = () => inverse(e, (p - 1n) * (q - 1n)) !== 0n && inverse(q, p) !== 0n
  while (!fits()) q += 2n
  const d = inverse(e, (p - 1n) * (q - 1n))
  const parts = { n: p * q, e, d, p, q, dp: d % (p - 1n), dq: d % (q - 1n), qi: inverse(q, p) }
  const jwk = Object.fromEntries(Object.entries(parts).map(([name, value]) => [name, text(value)]))
  assert.deepEqual(await materialOfJwk('RSA', jwk), { invalid: 'p' })
})
