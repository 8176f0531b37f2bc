import assert from 'node:assert/strict'
import { type ChildProcess, fork } from 'node:child_process'
import { generateKeyPairSync, X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { chmod, copyFile, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { leafValidity } from './leaf-life.ts'
import { openLocalCa } from './local-ca.ts'
import { nameConstraintsOf } from './name-constraints.ts'
import { permittedNames } from './permitted-names.ts'
import { azureNames, openssl, realClock, temporaryFolder } from './testing.ts'

const names = azureNames
const clock = realClock
const dayMs = 24 * 60 * 60 * 1000

test('the first start makes a CA that openssl shows as constrained to the permitted names', async t => {
  const dir = join(await temporaryFolder(t), 'certificates')
  const { certificateFile } = await openLocalCa({ dir, clock, names })

  const { stdout } = await openssl('x509', '-in', certificateFile, '-noout', '-text')
  assert.match(stdout, /Basic Constraints: critical\s+CA:TRUE, pathlen:0\n/)
  assert.match(stdout, /Key Usage: critical\s+Certificate Sign, CRL Sign\n/)
  assert.match(stdout, /ASN1 OID: prime256v1\n/)
  const constraints = /Name Constraints: critical\s+Permitted:\n((?: {18}.*\n)+)/.exec(stdout)?.[1]?.split('\n')
  assert.deepEqual(
    constraints?.map(line => line.trim()).filter(line => line !== ''),
    [
      'DNS:vault.azure.net',
      'DNS:management.azure.com',
      'DNS:metadata.azure.com',
      'DNS:localhost',
      'IP:127.0.0.1/255.255.255.255',
      'IP:0:0:0:0:0:0:0:1/FFFF:FFFF:FFFF:FFFF:FFFF:FFFF:FFFF:FFFF',
      'IP:168.63.129.16/255.255.255.255',
      'IP:10.128.0.0/255.128.0.0',
    ],
  )
})

test('the CA is valid for ten years from yesterday on', async t => {
  const nowMs = Date.UTC(2030, 0, 15)
  const { certificate } = await openLocalCa({ dir: await temporaryFolder(t), clock: { now: () => nowMs }, names })
  assert.equal(certificate.validFromDate.toISOString(), '2030-01-14T00:00:00.000Z')
  assert.equal(certificate.validToDate.toISOString(), '2040-01-16T00:00:00.000Z')
})

test('a CA that lives beyond 2049 is dated in four-digit years', async t => {
  const nowMs = Date.UTC(2045, 0, 15)
  const { certificate } = await openLocalCa({ dir: await temporaryFolder(t), clock: { now: () => nowMs }, names })
  assert.equal(certificate.validToDate.toISOString(), '2055-01-16T00:00:00.000Z')
})

test('the folder is 0700, the key 0600, the certificate 0644, and nothing else is there', async t => {
  const dir = join(await temporaryFolder(t), 'certificates')
  await openLocalCa({ dir, clock, names })
  const modes = await Promise.all([dir, join(dir, 'ca.key'), join(dir, 'ca.pem')].map(path => stat(path)))
  assert.deepEqual(
    modes.map(({ mode }) => (mode & 0o777).toString(8)),
    ['700', '600', '644'],
  )
  assert.deepEqual((await readdir(dir)).sort(), ['ca.key', 'ca.pem'])
})

test('opening it again gives the same CA and touches no file', async t => {
  const dir = await temporaryFolder(t)
  const first = await openLocalCa({ dir, clock, names })
  const before = await Promise.all(['ca.key', 'ca.pem'].map(file => stat(join(dir, file))))
  const second = await openLocalCa({ dir, clock, names })
  const after = await Promise.all(['ca.key', 'ca.pem'].map(file => stat(join(dir, file))))
  assert.equal(second.certificate.fingerprint256, first.certificate.fingerprint256)
  assert.deepEqual(
    after.map(({ ino, ctimeMs }) => [ino, ctimeMs]),
    before.map(({ ino, ctimeMs }) => [ino, ctimeMs]),
  )
})

test('the name constraints read back from the certificate are those it was made with', async t => {
  const { certificate } = await openLocalCa({ dir: await temporaryFolder(t), clock, names })
  assert.deepEqual(nameConstraintsOf(certificate), permittedNames(names))
})

test('after a crash between key and certificate the next start finishes with the same key', async t => {
  const dir = await temporaryFolder(t)
  await openLocalCa({ dir, clock, names })
  const key = await readFile(join(dir, 'ca.key'), 'utf8')
  await rm(join(dir, 'ca.pem'))

  const healed = await openLocalCa({ dir, clock, names })
  assert.equal(await readFile(join(dir, 'ca.key'), 'utf8'), key)
  assert.equal(await readFile(healed.certificateFile, 'utf8'), healed.certificate.toString())
  assert.equal(
    (await openssl('verify', '-x509_strict', '-CAfile', healed.certificateFile, healed.certificateFile)).code,
    0,
  )
})

test('processes that start at the same moment get the same CA', async t => {
  const dir = join(await temporaryFolder(t), 'certificates')
  const children = Array.from({ length: 4 }, () => startOpener(dir))
  await Promise.all(children.map(child => once(child, 'message')))
  const answers = children.map(async child => {
    const [fingerprint] = await once(child, 'message')
    return fingerprint
  })
  for (const child of children) child.send('open')
  const fingerprints = new Set(await Promise.all(answers))
  const { fingerprint256 } = new X509Certificate(await readFile(join(dir, 'ca.pem')))
  assert.deepEqual([...fingerprints], [fingerprint256])
  assert.deepEqual((await readdir(dir)).sort(), ['ca.key', 'ca.pem'])
})

test('a start that is killed at any moment leaves a folder that the next start can open', async t => {
  const dir = join(await temporaryFolder(t), 'certificates')
  for (let round = 0; round < 8; round++) {
    const child = startOpener(dir)
    const exit = once(child, 'exit')
    await once(child, 'message')
    child.send('open')
    // Making the CA takes some 50 ms; the rounds spread their kills over it.
    await new Promise(resolve => setTimeout(resolve, round * 8))
    child.kill('SIGKILL')
    await exit
    const { certificate } = await openLocalCa({ dir, clock, names })
    assert.equal(certificate.fingerprint256, new X509Certificate(await readFile(join(dir, 'ca.pem'))).fingerprint256)
    await rm(dir, { recursive: true })
  }
})

test('a certificate without its key is refused and not replaced', async t => {
  const dir = await temporaryFolder(t)
  await openLocalCa({ dir, clock, names })
  const pem = await readFile(join(dir, 'ca.pem'), 'utf8')
  await rm(join(dir, 'ca.key'))
  await assert.rejects(openLocalCa({ dir, clock, names }), {
    message: /ca\.pem has no key beside it\. Restore .*ca\.key/,
  })
  assert.deepEqual(await readdir(dir), ['ca.pem'])
  assert.equal(await readFile(join(dir, 'ca.pem'), 'utf8'), pem)
})

test('a key of another CA is refused', async t => {
  const dir = await temporaryFolder(t)
  const other = await temporaryFolder(t)
  await openLocalCa({ dir, clock, names })
  await openLocalCa({ dir: other, clock, names })
  await copyFile(join(other, 'ca.key'), join(dir, 'ca.key'))
  await assert.rejects(openLocalCa({ dir, clock, names }), { message: /ca\.key does not belong to .*ca\.pem/ })
})

for (const file of ['ca.key', 'ca.pem']) {
  test(`a damaged ${file} is refused and stays as it is`, async t => {
    const dir = await temporaryFolder(t)
    await openLocalCa({ dir, clock, names })
    await writeFile(join(dir, file), 'no PEM')
    await assert.rejects(openLocalCa({ dir, clock, names }), ({ message }: Error) => {
      assert.ok(message.startsWith(`${join(dir, file)} is damaged. Restore it from a backup`))
      return true
    })
    assert.equal(await readFile(join(dir, file), 'utf8'), 'no PEM')
  })
}

test('a key that every user can read is refused', async t => {
  const dir = await temporaryFolder(t)
  await openLocalCa({ dir, clock, names })
  await chmod(join(dir, 'ca.key'), 0o644)
  await assert.rejects(openLocalCa({ dir, clock, names }), { message: /Every user of this host can reach .*chmod 600/ })
})

test('a CA that was made for fewer names is refused and named with what it lacks', async t => {
  const dir = await temporaryFolder(t)
  await openLocalCa({ dir, clock, names })
  const more = { dns: [...names.dns, 'blob.core.windows.net'], addresses: ['192.0.2.0/24'] }
  await assert.rejects(openLocalCa({ dir, clock, names: more }), {
    message: /was not made for blob\.core\.windows\.net, 192\.0\.2\.0\/24\./,
  })
})

test('a CA that was made for more names opens, but speaks for those asked for only', async t => {
  const dir = await temporaryFolder(t)
  await openLocalCa({ dir, clock, names })
  const ca = await openLocalCa({ dir, clock, names: { dns: ['localhost'], addresses: [] } })
  assert.equal(ca.permittedName('localhost'), 'localhost')
  assert.equal(ca.permittedName('kv1.vault.azure.net'), undefined)
})

test('an expired CA is refused with its dates, and so is one from the future', async t => {
  const dir = await temporaryFolder(t)
  const nowMs = Date.UTC(2030, 0, 15)
  await openLocalCa({ dir, clock: { now: () => nowMs }, names })
  for (const otherMs of [Date.UTC(2041, 0), Date.UTC(1970, 0)]) {
    await assert.rejects(openLocalCa({ dir, clock: { now: () => otherMs }, names }), {
      message: /is valid from 2030-01-14T.* to 2040-01-16T.*, but it is (2041|1970)-01-01T/,
    })
  }
})

test('a leaf ends with its CA at the latest, and an expired CA issues none', async t => {
  let nowMs = Date.UTC(2030, 0, 15)
  const ca = await openLocalCa({ dir: await temporaryFolder(t), clock: { now: () => nowMs }, names })
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const issue = () =>
    ca.issue({ ...leafValidity(nowMs), commonName: 'a', names: ['localhost'], publicKey, purposes: ['serverAuth'] })

  nowMs = ca.certificate.validToDate.getTime() - dayMs
  assert.equal((await issue()).validTo, ca.certificate.validTo)
  nowMs += 2 * dayMs
  await assert.rejects(issue(), { message: /is valid from/ })
})

test('the CA refuses to sign a name outside its constraints', async t => {
  const ca = await openLocalCa({ dir: await temporaryFolder(t), clock, names })
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const leaf = { ...leafValidity(Date.now()), commonName: 'a', publicKey, purposes: ['serverAuth'] as const }
  await assert.rejects(ca.issue({ ...leaf, names: ['localhost', 'www.example.com'] }), {
    message: 'The local CA may not speak for "www.example.com".',
  })
})

/** A process that opens the CA when it is told to. Without the test runner's own options, which would make it a test. */
function startOpener(dir: string): ChildProcess {
  return fork(join(import.meta.dirname, 'testing-open-ca.ts'), [dir], { execArgv: [] })
}

// What a thief of the key could do: the constraints have to hold without our help.
const forgeries: readonly [what: string, extensions: string, error: RegExp][] = [
  ['a foreign DNS name', 'subjectAltName=DNS:www.example.com', /permitted subtree violation/],
  ['a name that only ends alike', 'subjectAltName=DNS:evilvault.azure.net', /permitted subtree violation/],
  ['a foreign address', 'subjectAltName=IP:192.0.2.1', /permitted subtree violation/],
  ['a foreign IPv6 address', 'subjectAltName=IP:2001:db8::1', /permitted subtree violation/],
]

for (const [what, extensions, error] of forgeries) {
  test(`openssl refuses ${what} even when it is signed with the CA's own key`, async t => {
    const dir = await temporaryFolder(t)
    const { certificateFile } = await openLocalCa({ dir, clock, names })
    const leaf = await forge(dir, extensions)
    const { code, output } = await openssl('verify', '-purpose', 'sslserver', '-CAfile', certificateFile, leaf)
    assert.notEqual(code, 0)
    assert.match(output, error)
  })
}

test('openssl accepts a permitted name that is signed with the same key in the same way', async t => {
  const dir = await temporaryFolder(t)
  const { certificateFile } = await openLocalCa({ dir, clock, names })
  const leaf = await forge(dir, 'subjectAltName=DNS:kv1.vault.azure.net,IP:10.200.0.1')
  const { code, output } = await openssl('verify', '-purpose', 'sslserver', '-CAfile', certificateFile, leaf)
  assert.equal(code, 0, output)
})

test('openssl refuses a further CA below ours', async t => {
  const dir = await temporaryFolder(t)
  const { certificateFile } = await openLocalCa({ dir, clock, names })
  const below = await forge(dir, 'basicConstraints=critical,CA:TRUE')
  await copyFile(join(dir, 'forged.key'), join(dir, 'below.key'))
  await copyFile(below, join(dir, 'below.pem'))
  const leaf = await forge(dir, 'subjectAltName=DNS:kv1.vault.azure.net', 'below')
  const { code, output } = await openssl(
    'verify',
    '-CAfile',
    certificateFile,
    '-untrusted',
    join(dir, 'below.pem'),
    leaf,
  )
  assert.notEqual(code, 0)
  assert.match(output, /path length constraint exceeded/)
})

async function forge(dir: string, extensions: string, signer = 'ca'): Promise<string> {
  const file = (name: string) => join(dir, name)
  await writeFile(file('extensions'), `${extensions}\n`)
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', file('forged.key')]
  const request = await openssl('req', '-new', ...key, '-subj', `/O=${signer}`, '-out', file('forged.csr'))
  assert.equal(request.code, 0, request.output)
  const by = ['-CA', file(`${signer}.pem`), '-CAkey', file(`${signer}.key`), '-CAcreateserial', '-days', '1']
  const signing = ['-req', '-in', file('forged.csr'), ...by, '-extfile', file('extensions'), '-out', file('forged.pem')]
  const certificate = await openssl('x509', ...signing)
  assert.equal(certificate.code, 0, certificate.output)
  return file('forged.pem')
}
