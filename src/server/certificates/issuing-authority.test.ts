import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { openLazuli } from '../testing/open-lazuli.ts'
import { openIssuingAuthority } from './issuing-authority.ts'
import { noAlternativeNames } from './profile.ts'
import { openssl, temporaryFolder } from './testing.ts'

const dayMs = 86_400_000
const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const profile = {
  subject: 'CN=www.example.com',
  alternativeNames: { ...noAlternativeNames, dnsNames: ['www.example.com'] },
  purposes: ['1.3.6.1.5.5.7.3.1'],
  usages: ['digitalSignature'] as const,
  isAuthority: false,
}
const forDays = (now: number, days: number) => ({ publicKey, notBeforeMs: now - dayMs, notAfterMs: now + days * dayMs })

test('openssl trusts what it issues when it trusts the root, and for that name', async t => {
  const folder = await temporaryFolder(t)
  const { parts } = await openLazuli(t)
  const authority = openIssuingAuthority(parts)
  const chain = await authority.issue(profile, forDays(Date.now(), 30))
  const files = ['leaf', 'issuer', 'root'].map(name => join(folder, name))
  for (const [at, file] of files.entries()) await writeFile(file, String(chain[at]))
  const [leaf = '', issuer = '', root = ''] = files
  const trusting = ['verify', '-x509_strict', '-purpose', 'sslserver', '-CAfile', root, '-untrusted', issuer]
  assert.equal((await openssl(...trusting, '-verify_hostname', 'www.example.com', leaf)).output, `${leaf}: OK\n`)
  assert.notEqual((await openssl(...trusting, '-verify_hostname', 'example.com', leaf)).code, 0)
  assert.deepEqual((await authority.root()).raw, chain[2]?.raw)
})

test('those who are first at once get the same root', async t => {
  const { parts } = await openLazuli(t)
  const roots = await Promise.all(Array.from({ length: 4 }, () => openIssuingAuthority(parts).root()))
  assert.equal(new Set(roots.map(({ fingerprint256 }) => fingerprint256)).size, 1)
})

test('the issuer is replaced before its end, the root stays, and nothing outlives its issuer', async t => {
  const { parts, clock } = await openLazuli(t)
  const authority = openIssuingAuthority(parts)
  const [first, issuer, root] = await authority.issue(profile, forDays(clock.now(), 20 * 365))
  assert.ok(first && issuer && root)
  assert.equal(first.validTo, issuer.validTo)
  clock.forwardBy(8 * 365 * dayMs)
  const [later, nextIssuer, sameRoot] = await authority.issue(profile, forDays(clock.now(), 30))
  assert.ok(later && nextIssuer && sameRoot)
  assert.notEqual(nextIssuer.fingerprint256, issuer.fingerprint256)
  assert.equal(sameRoot.fingerprint256, root.fingerprint256)
  assert.equal(later.verify(nextIssuer.publicKey) && nextIssuer.verify(root.publicKey), true)
})
