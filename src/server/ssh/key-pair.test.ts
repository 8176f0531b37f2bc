import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { generateSshKeyPair } from './key-pair.ts'
import { parsePublicKey } from './public-key.ts'

const kinds = [
  ['RSA', 'ssh-rsa', 4096, /^-----BEGIN RSA PRIVATE KEY-----\n/],
  ['Ed25519', 'ssh-ed25519', 256, /^-----BEGIN OPENSSH PRIVATE KEY-----\n/],
] as const

for (const [kind, type, bits, head] of kinds) {
  test(`ssh-keygen derives the same public key from a generated ${kind} private key`, async t => {
    const { publicKey, privateKey } = await generateSshKeyPair(kind, 'generated-by-azure')
    const parsed = parsePublicKey(publicKey)
    assert.deepEqual([parsed?.type, parsed?.bits, parsed?.comment], [type, bits, 'generated-by-azure'])
    assert.match(privateKey, head)

    const folder = mkdtempSync(join(tmpdir(), 'ssh-keys-'))
    t.after(() => rmSync(folder, { recursive: true }))
    const file = join(folder, 'key')
    writeFileSync(file, privateKey, { mode: 0o600 })
    const derived = execFileSync('ssh-keygen', ['-y', '-f', file]).toString()
    assert.deepEqual(parsePublicKey(derived)?.blob, parsed?.blob)
  })
}
