import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { createAttestedSigner } from './attested-signer.ts'
import { openLocalCa } from './local-ca.ts'
import { azureNames, openssl, realClock, temporaryFolder } from './testing.ts'

const text = JSON.stringify({ nonce: '20261121', vmId: 'b0d1f3f0-9b57-4e6f-9a0e-1d2c3b4a5f60', name: 'Müller\r\nöß' })

for (const tool of ['smime', 'cms']) {
  test(`openssl ${tool} verifies the document up to the CA and gives the text back, byte for byte`, async t => {
    const { dir, caFile, document } = await signedDocument(t)
    const content = join(dir, 'content')
    const files = ['-in', document, '-inform', 'DER', '-CAfile', caFile, '-out', content]
    const { code, output } = await openssl(tool, '-verify', ...files)
    assert.equal(code, 0, output)
    assert.equal(await readFile(content, 'utf8'), text)
  })
}

test('openssl refuses the document when one byte of the text is changed', async t => {
  const { caFile, document } = await signedDocument(t)
  const bytes = await readFile(document)
  bytes.write('X', bytes.indexOf('20261121'))
  await writeFile(document, bytes)
  const { code, output } = await openssl('smime', '-verify', '-in', document, '-inform', 'DER', '-CAfile', caFile)
  assert.notEqual(code, 0)
  assert.match(output, /digest failure/)
})

test('openssl refuses the document under another CA', async t => {
  const { document } = await signedDocument(t)
  const other = await openLocalCa({ dir: await temporaryFolder(t), clock: realClock, names: azureNames })
  const files = ['-in', document, '-inform', 'DER', '-CAfile', other.certificateFile]
  const { code, output } = await openssl('smime', '-verify', ...files)
  assert.notEqual(code, 0)
  assert.match(output, /unable to get (local )?issuer certificate|self.signed certificate/)
})

test('the document carries its signer, metadata.azure.com, and then the CA', async t => {
  const { document, caFile } = await signedDocument(t)
  const { stdout } = await openssl('pkcs7', '-in', document, '-inform', 'DER', '-print_certs')
  const pems = stdout.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  const [signer, ca, ...more] = pems.map(pem => new X509Certificate(pem))
  assert.equal(signer?.subjectAltName, 'DNS:metadata.azure.com')
  assert.deepEqual(signer?.publicKey.asymmetricKeyDetails, { modulusLength: 2048, publicExponent: 65537n })
  assert.equal(ca?.toString(), await readFile(caFile, 'utf8'))
  assert.deepEqual(more, [])
})

test('the text is one primitive OCTET STRING, as DER wants it, also when it is long', async t => {
  const { dir, signer } = await signedDocument(t)
  await writeFile(join(dir, 'long'), await signer.sign('x'.repeat(100_000)))
  const { stdout } = await openssl('asn1parse', '-in', join(dir, 'long'), '-inform', 'DER')
  assert.match(stdout, /l=100000 prim: OCTET STRING/)
  assert.doesNotMatch(stdout, /l=inf/)
})

test('documents share one signer until two thirds of its life are over', async t => {
  let nowMs = Date.now()
  const { signerOf } = await signedDocument(t, { now: () => nowMs })
  const first = await signerOf()
  assert.equal(await signerOf(), first)
  nowMs += 61 * 24 * 60 * 60 * 1000
  assert.notEqual(await signerOf(), first)
})

async function signedDocument(t: TestContext, clock = realClock) {
  const dir = await temporaryFolder(t)
  const ca = await openLocalCa({ dir, clock, names: azureNames })
  const signer = createAttestedSigner({ ca, clock })
  const document = join(dir, 'document.der')
  await writeFile(document, await signer.sign(text))
  const signerOf = async () => {
    await writeFile(join(dir, 'again.der'), await signer.sign(text))
    const { stdout } = await openssl('pkcs7', '-in', join(dir, 'again.der'), '-inform', 'DER', '-print_certs')
    return new X509Certificate(stdout).fingerprint256
  }
  return { dir, signer, document, signerOf, caFile: ca.certificateFile }
}
