import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { certify, profileOf, requestCertificate } from './certify.ts'
import type { Profile } from './profile.ts'
import { openssl } from './testing.ts'

const dayMs = 86_400_000
const validity = { notBeforeMs: Date.now() - dayMs, notAfterMs: Date.now() + 365 * dayMs }

const profile: Profile = {
  subject: 'CN=www.example.com, O="Example, Inc."',
  alternativeNames: {
    emails: ['a@example.com'],
    dnsNames: ['www.example.com', '*.example.com'],
    upns: ['ada@example.com'],
    uris: ['spiffe://example.com/web'],
    addresses: ['192.0.2.1', '2001:db8::1'],
  },
  purposes: ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'],
  usages: ['digitalSignature', 'keyEncipherment'],
  isAuthority: false,
}

const rsa = (modulusLength: number) => generateKeyPairSync('rsa', { modulusLength }).privateKey
const ec = (namedCurve: string) => generateKeyPairSync('ec', { namedCurve }).privateKey
const keys = {
  'RSA 2048': () => rsa(2048),
  'P-256': () => ec('P-256'),
  'P-384': () => ec('P-384'),
  'P-521': () => ec('P-521'),
  'P-256K': () => ec('secp256k1'),
}

async function folderOf(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'lazuli-profile-'))
  t.after(() => rm(folder, { recursive: true }))
  return folder
}

for (const [name, makeKey] of Object.entries(keys)) {
  test(`openssl accepts a self-signed certificate and a request with a key ${name}`, async t => {
    const [folder, key] = [await folderOf(t), makeKey()]
    const certificate = await certify(profile, { ...validity, selfSignedWith: key })
    const request = await requestCertificate(profile, key)
    await writeFile(join(folder, 'certificate.pem'), certificate.toString())
    await writeFile(join(folder, 'request.der'), request)

    const verified = await openssl(
      'verify',
      '-check_ss_sig',
      '-CAfile',
      join(folder, 'certificate.pem'),
      join(folder, 'certificate.pem'),
    )
    const checked = await openssl('req', '-verify', '-noout', '-inform', 'der', '-in', join(folder, 'request.der'))

    assert.equal(certificate.checkPrivateKey(key), true)
    assert.equal(verified.output, `${join(folder, 'certificate.pem')}: OK\n`)
    assert.match(checked.output, /verify OK/)
  })
}

test('openssl sees all that a profile says, in a certificate and in a request', async t => {
  const [folder, key] = [await folderOf(t), ec('P-256')]
  await writeFile(join(folder, 'c.pem'), (await certify(profile, { ...validity, selfSignedWith: key })).toString())
  await writeFile(join(folder, 'r.der'), await requestCertificate(profile, key))

  const certificate = (await openssl('x509', '-noout', '-text', '-in', join(folder, 'c.pem'))).output
  const request = (await openssl('req', '-noout', '-text', '-inform', 'der', '-in', join(folder, 'r.der'))).output

  for (const text of [certificate, request]) {
    assert.match(text, /Subject: O = "Example, Inc.", CN = www.example.com/)
    assert.match(text, /Key Usage: critical\s+Digital Signature, Key Encipherment\n/)
    assert.match(text, /Extended Key Usage:\s+TLS Web Server Authentication, TLS Web Client Authentication\n/)
    assert.match(text, /Basic Constraints:\s+CA:FALSE/)
    assert.match(
      text,
      /email:a@example.com, DNS:www.example.com, DNS:\*.example.com, othername: UPN::ada@example.com, URI:spiffe:\/\/example.com\/web, IP Address:192.0.2.1, IP Address:2001:DB8:0:0:0:0:0:1/,
    )
  }
})

test('a profile is read from a certificate as it was written', async () => {
  const certificate = await certify(profile, { ...validity, selfSignedWith: ec('P-256') })
  assert.deepEqual(profileOf(certificate), profile)
})

test('a leaf whose subject is empty has its names in a critical extension', async () => {
  const certificate = await certify({ ...profile, subject: '' }, { ...validity, selfSignedWith: ec('P-256') })
  assert.equal(certificate.subject, undefined)
  assert.equal(profileOf(certificate).subject, '')
})
