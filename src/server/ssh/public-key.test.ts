import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fingerprint, formatPublicKey, parsePublicKey } from './public-key.ts'

function keygen(t: TestContext, ...options: string[]): { file: string; line: string } {
  const folder = mkdtempSync(join(tmpdir(), 'ssh-keys-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'key')
  execFileSync('ssh-keygen', ['-q', '-N', '', '-f', file, '-C', 'ann@work station', ...options])
  return { file, line: readFileSync(`${file}.pub`, 'utf8') }
}

const kinds: [options: string[], type: string, bits: number | undefined][] = [
  [['-m', 'PEM', '-t', 'rsa', '-b', '4096'], 'ssh-rsa', 4096],
  [['-t', 'rsa', '-b', '2048'], 'ssh-rsa', 2048],
  [['-t', 'rsa', '-b', '1025'], 'ssh-rsa', 1025],
  [['-t', 'ed25519'], 'ssh-ed25519', 256],
  [['-t', 'ecdsa'], 'ecdsa-sha2-nistp256', undefined],
]

for (const [options, type, bits] of kinds) {
  test(`A key of ssh-keygen ${options.join(' ')} is read, and its fingerprint is the one ssh-keygen prints`, t => {
    const { file, line } = keygen(t, ...options)
    const key = parsePublicKey(line)
    assert.ok(key)
    assert.deepEqual([key.type, key.bits, key.comment], [type, bits, 'ann@work station'])
    assert.equal(formatPublicKey(key), line.trim())
    assert.equal(execFileSync('ssh-keygen', ['-lf', file]).toString().split(' ')[1], fingerprint(key))
  })
}

test('The SSH2 form that ssh-keygen exports is the same key', t => {
  const { file, line } = keygen(t, '-t', 'rsa', '-b', '2048')
  const exported = execFileSync('ssh-keygen', ['-e', '-f', `${file}.pub`]).toString()
  assert.match(exported, /^---- BEGIN SSH2 PUBLIC KEY ----\n/)
  assert.deepEqual(parsePublicKey(exported)?.blob, parsePublicKey(line)?.blob)
})

test('White space around a key is ignored', t => {
  const { line } = keygen(t, '-t', 'ed25519')
  assert.deepEqual(parsePublicKey(`\t ${line} \r\n\n`), parsePublicKey(line))
})

test('A key without a comment is read', t => {
  const { line } = keygen(t, '-t', 'ed25519')
  const bare = line.split(' ').slice(0, 2).join(' ')
  const key = parsePublicKey(bare)
  assert.ok(key)
  assert.equal(key.comment, '')
  assert.equal(formatPublicKey(key), bare)
})

test('What is not one public key is not read', t => {
  const { file, line } = keygen(t, '-t', 'ed25519')
  const [type = '', base64 = ''] = line.split(' ')
  const cut = Buffer.from(base64, 'base64').subarray(0, -1).toString('base64')
  const longer = Buffer.concat([Buffer.from(base64, 'base64'), Buffer.of(0)]).toString('base64')
  const wrong = [
    '',
    'ssh-rsa',
    '~/.ssh/id_rsa.pub',
    base64,
    `ssh-rsa ${base64}`,
    `${type} ${cut}`,
    `${type} ${longer}`,
    `${type} ${base64.slice(0, 20)}*${base64.slice(20)}`,
    `${line}${line}`,
    `command="id" ${line}`,
    readFileSync(file, 'utf8'),
  ]
  for (const text of wrong) assert.equal(parsePublicKey(text), undefined, text)
})
