import assert from 'node:assert/strict'
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { readPfx } from '../../certificate-bundle/pfx/pfx.ts'
import { certify } from './certify.ts'
import { noAlternativeNames } from './profile.ts'
import { openssl } from './testing.ts'
import { writePfx } from './write-pfx.ts'

const validity = { notBeforeMs: Date.now() - 1000, notAfterMs: Date.now() + 86_400_000 }
const profile = { alternativeNames: noAlternativeNames, purposes: [], usages: [], isAuthority: false }

async function leafAndRoot(key: KeyObject) {
  const rootKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
  const root = await certify(
    { ...profile, subject: 'CN=root', isAuthority: true },
    { ...validity, selfSignedWith: rootKey },
  )
  const issuer = { certificate: root, key: rootKey }
  return { root, leaf: await certify({ ...profile, subject: 'CN=leaf' }, { ...validity, publicKey: key, issuer }) }
}

async function openedByOpenssl(t: TestContext, pfx: Buffer) {
  const folder = await mkdtemp(join(tmpdir(), 'lazuli-pfx-'))
  t.after(() => rm(folder, { recursive: true }))
  await writeFile(join(folder, 'it.pfx'), pfx)
  return openssl('pkcs12', '-in', join(folder, 'it.pfx'), '-passin', 'pass:', '-nodes')
}

const pairs = {
  RSA: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
  'EC P-384': () => generateKeyPairSync('ec', { namedCurve: 'P-384' }),
  'EC P-256K': () => generateKeyPairSync('ec', { namedCurve: 'secp256k1' }),
}
for (const [name, makePair] of Object.entries(pairs)) {
  test(`a PFX with a key of kind ${name} opens in openssl and in our own reader`, async t => {
    const { privateKey, publicKey } = makePair()
    const { leaf, root } = await leafAndRoot(publicKey)
    const pfx = await writePfx({ certificates: [root, leaf], key: privateKey })

    const opened = await openedByOpenssl(t, pfx)
    const read = readPfx(pfx, '')

    assert.equal(opened.code, 0, opened.output)
    assert.deepEqual(opened.stdout.match(/subject=.*/g), ['subject=CN = root', 'subject=CN = leaf'])
    assert.match(opened.stdout, /BEGIN PRIVATE KEY/)
    assert.deepEqual(
      read.certificates.map(der => Buffer.from(der)),
      [root.raw, leaf.raw],
    )
    assert.deepEqual(
      read.keys.map(der => Buffer.from(der)),
      [privateKey.export({ type: 'pkcs8', format: 'der' })],
    )
  })
}

test('a PFX without a key holds its certificates alone', async t => {
  const { leaf, root } = await leafAndRoot(pairs.RSA().publicKey)
  const opened = await openedByOpenssl(t, await writePfx({ certificates: [root, leaf] }))
  assert.equal(opened.code, 0, opened.output)
  assert.equal(opened.stdout.match(/BEGIN CERTIFICATE/g)?.length, 2)
  assert.doesNotMatch(opened.stdout, /PRIVATE KEY/)
})
