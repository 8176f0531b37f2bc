import assert from 'node:assert/strict'
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { selfSignedCertificate } from '../tokens/self-signed.ts'
import {
  newSecret,
  passwordFits,
  passwordVerifier,
  pretendToCheck,
  readCertificate,
  secretFits,
  secretVerifier,
  thumbprint,
} from './credentials.ts'

test('a password fits the verifier that was made of it, however its accents are composed, and no other does', async () => {
  const verifier = await passwordVerifier('pässwörd', 4)
  assert.equal(await passwordFits(verifier, 'pässwörd'.normalize('NFD')), true)
  assert.equal(await passwordFits(verifier, 'passwörd'), false)
  assert.equal(await passwordFits(verifier, ''), false)
  assert.equal(await pretendToCheck('pässwörd', 4), false)
})

test('a verifier of a password says how it was made, holds nothing of it, and is never the same twice', async () => {
  const [first, second] = await Promise.all([
    passwordVerifier('correct horse', 5),
    passwordVerifier('correct horse', 5),
  ])
  assert.match(first, /^scrypt\$5\$8\$[\w-]{22}\$[\w-]{43}$/)
  assert.notEqual(first, second)
  assert.equal(await passwordFits(second, 'correct horse'), true)
})

test('a verifier of another kind is an error of ours, not a wrong password', async () => {
  await assert.rejects(passwordFits('plain$text', 'text'), /unknown kind/)
  assert.throws(() => secretFits('text', 'text'), /unknown kind/)
})

test('a client secret fits its verifier and no other', () => {
  const secret = newSecret(randomBytes(32))
  assert.equal(secretFits(secretVerifier(secret), secret), true)
  assert.equal(secretFits(secretVerifier(secret), `${secret} `), false)
  assert.equal(secretVerifier(secret).includes(secret), false)
})

test('no secret begins with a dash, which a shell would take for an option, and none comes twice', () => {
  const secrets = Array.from({ length: 2000 }, () => newSecret(randomBytes(32)))
  for (const secret of secrets) assert.match(secret, /^[\w~][\w~-]{45}$/)
  assert.equal(new Set(secrets).size, secrets.length)
})

test('a certificate is read from PEM, from DER in base64 and from PEM in base64, and garbage is none', async () => {
  const keys = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const der = await selfSignedCertificate({ commonName: 'client', ...keys, now: Date.now() })
  const base64 = der.toString('base64')
  const pem = `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`
  for (const spelling of [base64, pem, Buffer.from(pem).toString('base64')]) {
    const read = readCertificate(spelling)
    assert.equal(read?.verifier, base64)
    assert.equal(
      read?.certificate.fingerprint.replaceAll(':', '').toLowerCase(),
      thumbprint(base64, 'sha1').toString('hex'),
    )
  }
  for (const garbage of [
    '',
    'AAAA',
    'not base64 at all!',
    '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----',
  ]) {
    assert.equal(readCertificate(garbage), undefined, garbage)
  }
})
