import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { ensureCertificate } from './certificate.ts'

test('a machine makes its certificate once, for root alone, and finds it again', async t => {
  const lib = await mkdtemp(join(tmpdir(), 'lazuli-'))
  t.after(() => rm(lib, { recursive: true }))
  const made = await ensureCertificate(lib, Date.UTC(2026, 0, 1))
  const certificate = new X509Certificate(made.pem)
  assert.equal(made.thumbprint, certificate.fingerprint.replaceAll(':', ''))
  assert.equal(certificate.verify(certificate.publicKey), true)
  assert.equal(certificate.validFrom, 'Dec 31 00:00:00 2025 GMT')
  assert.equal(await readFile(join(lib, `${made.thumbprint}.crt`), 'utf8'), made.pem)
  assert.equal((await stat(join(lib, `${made.thumbprint}.prv`))).mode & 0o777, 0o600)
  assert.deepEqual(await ensureCertificate(lib, Date.UTC(2027, 0, 1)), made)
})

test('a certificate without its key, and one that is somebody else’s, are passed over', async t => {
  const lib = await mkdtemp(join(tmpdir(), 'lazuli-'))
  t.after(() => rm(lib, { recursive: true }))
  const made = await ensureCertificate(lib, Date.UTC(2051, 0, 1))
  await rm(join(lib, `${made.thumbprint}.prv`))
  await writeFile(join(lib, `${'A'.repeat(40)}.crt`), 'no certificate')
  const other = await ensureCertificate(lib, Date.UTC(2051, 0, 1))
  assert.notEqual(other.thumbprint, made.thumbprint)
  assert.equal(new X509Certificate(other.pem).validTo.endsWith('2060 GMT'), true)
})
