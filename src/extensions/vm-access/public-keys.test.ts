import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { keyLine, parseKeys, readKeyLine, UnusableKey } from './public-keys.ts'

// Made with ssh-keygen and openssl; the pairs are the same key in two forms.
const ed25519 = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJeenLQi6sE7VsdIIHe4i7AMmXZCLS3F/j8bOSokbAUD'
const p256 =
  'ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBFChgJk+heLytWMo0ioMrQV+GD2JT5zNQvo44wnGbz3ipfLSJj7hMAgCHcmcu+LXNwOTb1HoE1w8XT7trP45fYc='
const p256Pem = `-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEUKGAmT6F4vK1YyjSKgytBX4YPYlP
nM1C+jjjCcZvPeKl8tImPuEwCAIdyZy74tc3A5NvUegTXDxdPu2s/jl9hw==
-----END PUBLIC KEY-----`
const ed25519Ssh2 = `---- BEGIN SSH2 PUBLIC KEY ----
Comment: "256-bit ED25519, \\
converted"
AAAAC3NzaC1lZDI1NTE5AAAAIJeenLQi6sE7VsdIIHe4i7AMmXZCLS3F/j8b
OSokbAUD
---- END SSH2 PUBLIC KEY ----`
// The key of the documentation of VMAccess.
const documented =
  'ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAACAQCZ3S7gGp3rcbKmG2Y4vGZFMuMZCwoUzZNGxxxxxx2XV2x9FfAhy8iGD+lF8UdjFX3t5ebMm6BnnMh8fHwkTRdOt3LDQq8o8ElTBrZaKPxZN2thMZnODs5Hlemb2UX0oRIGRcvWqsd4oJmxsXa/Si98Wa6RHWbc9QZhw80KAcOVhmndZAZAGR+Wq6yslNo5TMOr1/ZyQAook5C4FtcSGn3Y+WczaoGWIxG4ZaWk128g79VIeJcIQqOjPodHvQAhll7qDlItVvBfMOben3GyhYTm7k4YwlEdkONm4yV/UIW0la1rmyztSBQIm9sZmSq44XXgjVmDHNF8UfCZ1ToE4r2SdwTmZv00T2i5faeYnHzxiLPA3Enub7xxxxxxwFArnqad7MO1SY1kLemhX9eFjLWN4mJe56Fu4NiWJkR9APSZQrYeKaqru4KUC68QpVasNJHbuxPSf/PcjF3cjO1+X+4x6L1H5HTPuqUkyZGgDO4ynUHbko4dhlanALcriF7tIfQR9i2r2xOyv5gxJEW/zztGqWma/d4rBoPjnf6tO7rLFHXMt/DVTkAfn5wxxtLDwkn5FMyvThRmex3BDf0gujoI1y6cOWLe9Y5geNX0oj+MXg/W0cXAtzSFocstV1PoVqy883hNoeQZ3mIGB3Q0rIUm5d9MA2bMMt31m1g3Sin6EQ=='

const lines = (text: string) => parseKeys(text).map(keyLine)

const field = (value: string | Buffer) => {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(Buffer.byteLength(value))
  return Buffer.concat([length, Buffer.from(value)])
}
const point = Buffer.from(ed25519.split(' ')[1] ?? '', 'base64').subarray(-32)
const securityKey = (application: string) => {
  const type = 'sk-ssh-ed25519@openssh.com'
  return `${type} ${Buffer.concat([field(type), field(point), field(application)]).toString('base64')}`
}

const accepted: readonly (readonly [what: string, text: string, expected: readonly string[]])[] = [
  ['the documented RSA key', `${documented} azureuser@myVM\n`, [`${documented} azureuser@myVM`]],
  ['an Ed25519 key with space around it', `\n  ${ed25519}\t a comment \r\n`, [`${ed25519} a comment`]],
  ['an ECDSA key', p256, [p256]],
  ['a security key', securityKey('ssh:'), [securityKey('ssh:')]],
  ['several keys with comments between', `# mine\n${ed25519} a\r\n\r\n${p256}\r\n`, [`${ed25519} a`, p256]],
  [
    'options',
    `restrict,from="10.0.0.0/8,!10.1.1.1",command="echo \\"a, b\\"" ${ed25519} c`,
    [`restrict,from="10.0.0.0/8,!10.1.1.1",command="echo \\"a, b\\"" ${ed25519} c`],
  ],
  ['an authority', `cert-authority,principals="a b" ${ed25519}`, [`cert-authority,principals="a b" ${ed25519}`]],
  ['a byte order mark', `\uFEFF${ed25519}`, [ed25519]],
  ['a PEM public key', p256Pem, [p256]],
  ['an SSH2 public key', ed25519Ssh2, [`${ed25519} 256-bit ED25519, converted`]],
]
for (const [what, text, expected] of accepted) {
  test(`${what} is read`, () => {
    assert.deepEqual(lines(text), expected)
  })
}

test('PEM keys of every kind that SSH knows become its keys, and others are refused', () => {
  const pem = (kind: 'rsa' | 'ec' | 'ed25519' | 'x25519', options: object) => {
    const { publicKey } = generateKeyPairSync(kind as 'rsa', options as { modulusLength: number })
    return publicKey.export({ type: 'spki', format: 'pem' }).toString()
  }
  const type = (text: string) => parseKeys(text)[0]?.type
  assert.equal(type(pem('rsa', { modulusLength: 2048 })), 'ssh-rsa')
  assert.equal(type(pem('ec', { namedCurve: 'P-384' })), 'ecdsa-sha2-nistp384')
  assert.equal(type(pem('ec', { namedCurve: 'P-521' })), 'ecdsa-sha2-nistp521')
  assert.equal(type(pem('ed25519', {})), 'ssh-ed25519')
  assert.throws(() => parseKeys(pem('x25519', {})), UnusableKey)
  assert.throws(() => parseKeys(pem('ec', { namedCurve: 'secp256k1' })), UnusableKey)
  assert.throws(() => parseKeys(pem('rsa', { modulusLength: 1024 })), /1024 bits/)
})

test('a private key is refused by its name, and nothing of it is repeated', () => {
  const { privateKey } = generateKeyPairSync('ed25519')
  const text = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  assert.throws(() => parseKeys(text), { message: /it is a private key/ })
})

test('lines of an existing file are read as sshd reads them, and others are passed over', () => {
  assert.equal(readKeyLine(`  ${ed25519} me`)?.comment, 'me')
  assert.equal(readKeyLine('# comment'), undefined)
  assert.equal(readKeyLine(`no-such-option ${ed25519}`), undefined)
  assert.equal(readKeyLine('ssh-rsa AAAA glued'), undefined)
})
