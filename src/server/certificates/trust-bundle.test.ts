import assert from 'node:assert/strict'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { rootCertificates } from 'node:tls'
import { openLocalCa } from './local-ca.ts'
import { azureNames, openssl, realClock, temporaryFolder } from './testing.ts'
import { writeTrustBundle } from './trust-bundle.ts'

const certificatesIn = (pem: string) => pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []

test('the bundle of this host still trusts what the host trusts, and our CA as well', async t => {
  const dir = await temporaryFolder(t)
  const { certificate, certificateFile } = await openLocalCa({ dir, clock: realClock, names: azureNames })
  const path = await writeTrustBundle({ dir, caPem: certificate.toString() })

  assert.equal(path, join(dir, 'ca-bundle.pem'))
  assert.equal((await stat(path)).mode & 0o777, 0o644)
  const trusted = certificatesIn(await readFile(path, 'utf8'))
  assert.ok(trusted.length > 50)
  assert.equal(trusted.at(-1), certificate.toString().trim())
  const { code, output } = await openssl('verify', '-no-CApath', '-no-CAstore', '-CAfile', path, certificateFile)
  assert.equal(code, 0, output)
})

test('the first system bundle that exists counts', async t => {
  const dir = await temporaryFolder(t)
  await writeFile(join(dir, 'second.pem'), 'SYSTEM\n\n')
  await writeFile(join(dir, 'third.pem'), 'OTHER')
  const systemBundles = ['first', 'second', 'third'].map(name => join(dir, `${name}.pem`))
  const path = await writeTrustBundle({ dir, caPem: 'OURS\n', systemBundles })
  assert.equal(await readFile(path, 'utf8'), 'SYSTEM\nOURS\n')
})

test('without a system bundle the CAs that Node carries stand in', async t => {
  const dir = await temporaryFolder(t)
  const path = await writeTrustBundle({ dir, caPem: 'OURS\n', systemBundles: [] })
  const text = await readFile(path, 'utf8')
  assert.equal(certificatesIn(text).length, rootCertificates.length)
  assert.ok(text.endsWith('-----END CERTIFICATE-----\nOURS\n'))
})

test('a CA that the host trusts already is not listed twice', async t => {
  const dir = await temporaryFolder(t)
  await writeFile(join(dir, 'system.pem'), 'SYSTEM\nOURS\n')
  const path = await writeTrustBundle({ dir, caPem: 'OURS\n', systemBundles: [join(dir, 'system.pem')] })
  assert.equal(await readFile(path, 'utf8'), 'SYSTEM\nOURS\n')
})

test('a bundle that is up to date is left alone, one that is not is replaced', async t => {
  const dir = await temporaryFolder(t)
  const system = join(dir, 'system.pem')
  const write = () => writeTrustBundle({ dir, caPem: 'OURS\n', systemBundles: [system] })
  await writeFile(system, 'SYSTEM\n')
  const { ino } = await stat(await write())
  assert.equal((await stat(await write())).ino, ino)
  await writeFile(system, 'RENEWED\n')
  assert.equal(await readFile(await write(), 'utf8'), 'RENEWED\nOURS\n')
})
