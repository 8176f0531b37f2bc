import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { after, test } from 'node:test'
import { readBundle, renderBundle } from './bundle.ts'
import type { BundleFailure } from './failure.ts'
import { openPfxReader } from './pfx/reader.ts'
import { openTestAuthority } from './testing-authority.ts'

const authority = openTestAuthority()
const reader = openPfxReader()
after(async () => {
  await reader.close()
  authority.close()
})
const { openssl, read, write } = authority
authority.issue('leaf')
authority.issue('curve', { kind: 'ec' })
authority.issue('stranger')
const [root, intermediate, crossed, other] = [
  read('root.crt'),
  read('intermediate.crt'),
  read('crossed.crt'),
  read('other.crt'),
]
const [leaf, key] = [read('leaf.crt'), read('leaf.key')]
const [curve, curveKey] = [read('curve.crt'), read('curve.key')]
write('up.pem', intermediate + root)
write('down.pem', root + intermediate)
write('twice.pem', intermediate + leaf + intermediate + root + root)

/** PKCS #12 as openssl makes it with these options, in base64. */
function pfx(name: string, { with: others = 'up.pem', password = '', args = [] as string[], key = true } = {}): string {
  const keyOptions = key ? ['-inkey', `${name}.key`] : ['-nokeys']
  const files = ['-in', `${name}.crt`, '-certfile', others, ...keyOptions]
  return openssl('pkcs12', '-export', ...files, '-passout', `pass:${password}`, ...args).toString('base64')
}
const whole = leaf + intermediate + root + key
const wholeCurve = curve + intermediate + root + curveKey
const tripleDes = ['-legacy', '-keypbe', 'PBE-SHA1-3DES', '-certpbe', 'PBE-SHA1-3DES']
const none = ['-keypbe', 'NONE', '-certpbe', 'NONE']

const good: Readonly<Record<string, readonly [value: string, pem: string]>> = {
  'PEM in the right order': [whole, whole],
  'PEM from the root downwards, the key first': [key + root + intermediate + leaf, whole],
  'PEM with CRLF, remarks and a key in PKCS #1': [
    `Bag Attributes\r\n  friendlyName: a\r\n${(openssl('rsa', '-in', 'leaf.key', '-traditional').toString() + leaf + intermediate + root).replaceAll('\n', '\r\n')}`,
    whole,
  ],
  'PEM with an EC key in SEC1 and its parameters': [
    openssl('ecparam', '-name', 'prime256v1').toString() +
      openssl('ec', '-in', 'curve.key').toString() +
      root +
      curve +
      intermediate,
    wholeCurve,
  ],
  'PEM in base64': [Buffer.from(whole).toString('base64'), whole],
  'PEM with every certificate twice': [leaf + leaf + root + intermediate + root + intermediate + key, whole],
  'PEM with two intermediates of the same name, of which one leads nowhere': [
    leaf + crossed + intermediate + root + key,
    whole,
  ],
  'PEM with two intermediates, both of which lead to a root': [
    leaf + crossed + other + key,
    leaf + crossed + other + key,
  ],
  'PEM without a root': [intermediate + key + leaf, leaf + intermediate + key],
  'PEM with a certificate that has nothing to do with it': [
    read('stranger.crt') + leaf + intermediate + root + key,
    whole,
  ],
  'PKCS #12 of today': [pfx('leaf'), whole],
  'PKCS #12 from the root downwards': [pfx('leaf', { with: 'down.pem' }), whole],
  'PKCS #12 with duplicates': [pfx('leaf', { with: 'twice.pem' }), whole],
  'PKCS #12 with an EC key': [pfx('curve'), wholeCurve],
  'PKCS #12 with RC2-40 and 3DES': [pfx('leaf', { args: ['-legacy'] }), whole],
  'PKCS #12 with RC2-128': [pfx('leaf', { args: ['-legacy', '-certpbe', 'PBE-SHA1-RC2-128'] }), whole],
  'PKCS #12 with an EC key in RC2-40 and 3DES': [pfx('curve', { args: ['-legacy'] }), wholeCurve],
  'PKCS #12 with 3DES': [pfx('leaf', { args: tripleDes }), whole],
  'PKCS #12 with AES-128 and SHA-512': [
    pfx('leaf', { args: ['-keypbe', 'AES-128-CBC', '-certpbe', 'AES-192-CBC', '-macalg', 'SHA512'] }),
    whole,
  ],
  'PKCS #12 without a check of its integrity': [pfx('leaf', { args: ['-nomac'] }), whole],
  'PKCS #12 in 3DES without a check of its integrity': [pfx('leaf', { args: [...tripleDes, '-nomac'] }), whole],
  'PKCS #12 that is not encrypted': [pfx('leaf', { args: none }), whole],
  'PKCS #12 that is neither encrypted nor checked': [pfx('leaf', { args: [...none, '-nomac'] }), whole],
  'PKCS #12 with 1,000,000 iterations': [pfx('curve', { args: ['-iter', '1000000'] }), wholeCurve],
  'PKCS #12 in lines, with something behind its end': [
    Buffer.concat([Buffer.from(pfx('leaf'), 'base64'), Buffer.from('\n')])
      .toString('base64')
      .replace(/.{64}/g, '$&\r\n'),
    whole,
  ],
}

for (const [form, [value, expected]] of Object.entries(good))
  test(`${form} ends in the right PEM`, async () => {
    assert.equal(renderBundle(await readBundle(value, reader.read)), expected)
  })

test('a password opens what it has closed', async () => {
  for (const args of [[], ['-legacy']]) {
    const value = pfx('leaf', { password: 'pässword', args })
    assert.equal(renderBundle(await readBundle(value, reader.read, 'pässword')), whole)
    await assert.rejects(readBundle(value, reader.read, 'password'), { reason: 'wrong-password' })
  }
})

const bytes = Buffer.from(pfx('leaf'), 'base64')
const bad: Readonly<Record<string, readonly [value: string, reason: BundleFailure['reason'], message: RegExp]>> = {
  'PEM without a key': [leaf + intermediate, 'no-private-key', /no private key/],
  'PKCS #12 without a key': [pfx('leaf', { key: false }), 'no-private-key', /no private key/],
  'a key alone': [key, 'no-certificate', /no certificate/],
  'a key and somebody else’s certificate': [key + curve, 'key-mismatch', /belongs to none/],
  'PEM that is torn': [whole.slice(0, -40), 'unreadable', /torn/],
  'PEM with a block of nonsense': [whole.replace(/MII\w/, 'AAAA'), 'unreadable', /holds no certificate/],
  'an encrypted key in PEM': [
    leaf + openssl('pkcs8', '-topk8', '-in', 'leaf.key', '-passout', 'pass:x').toString(),
    'unsupported',
    /is encrypted/,
  ],
  'PKCS #12 that is torn': [bytes.subarray(0, 900).toString('base64'), 'unreadable', /torn/],
  'PKCS #12 with one bit turned': [flipped(bytes, 700).toString('base64'), 'wrong-password', /is damaged/],
  'PKCS #12 under a password': [pfx('leaf', { password: 'x' }), 'wrong-password', /another password/],
  'PKCS #12 with 8,388,607 iterations': [manyIterations(), 'too-expensive', /2000000 iterations/],
  nothing: ['', 'unreadable', /neither PEM nor PKCS #12/],
  'a text': ['my password', 'unreadable', /neither PEM nor PKCS #12/],
  'something huge': ['A'.repeat(2 ** 21), 'too-expensive', /longer than/],
}

for (const [form, [value, reason, message]] of Object.entries(bad))
  test(`${form} is refused with a clear reason`, async () => {
    await assert.rejects(readBundle(value, reader.read), { name: 'BundleFailure', reason, message })
  })

test('a key that several certificates share goes with the one that is valid for longest', async () => {
  openssl(
    'x509',
    '-req',
    '-in',
    'leaf.csr',
    '-CA',
    'intermediate.crt',
    '-CAkey',
    'intermediate.key',
    '-days',
    '60',
    '-out',
    'later.crt',
  )
  const later = read('later.crt')
  assert.equal(renderBundle(await readBundle(leaf + key + later, reader.read)), later + key)
})

test('an opening that takes too long is ended, and the next one works', async () => {
  const hasty = openPfxReader({ limitMs: 1 })
  await assert.rejects(readBundle(good['PKCS #12 with 1,000,000 iterations']?.[0] ?? '', hasty.read), {
    reason: 'too-expensive',
  })
  await hasty.close()
  const both = [readBundle(pfx('leaf'), reader.read), readBundle(pfx('curve'), reader.read)]
  assert.deepEqual((await Promise.all(both)).map(renderBundle), [whole, wholeCurve])
})

test('other programs can read what is written', async () => {
  const pem = renderBundle(await readBundle(pfx('curve'), reader.read))
  const check = ['pkey', '-check', '-noout']
  assert.match(execFileSync('openssl', check, { input: pem, stdio: ['pipe', 'pipe', 'ignore'] }).toString(), /valid/)
})

function flipped(content: Buffer, at: number): Buffer {
  const copy = Buffer.from(content)
  copy.writeUInt8(copy.readUInt8(at) ^ 1, at)
  return copy
}

/** openssl would take its time to make one, so the number is changed where it is written. */
function manyIterations(): string {
  const file = Buffer.from(pfx('leaf', { args: ['-iter', '1000001', '-nomac'] }), 'base64')
  const at = file.indexOf(Buffer.from('0203' + '0f4241', 'hex'))
  file.set([0x7f, 0xff, 0xff], at + 2)
  return file.toString('base64')
}
