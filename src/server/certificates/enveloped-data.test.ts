import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { envelopedData } from './enveloped-data.ts'

const execute = promisify(execFile)

async function keyPair(folder: string, name: string): Promise<{ certificate: string; key: string }> {
  const [certificate, key] = [join(folder, `${name}.crt`), join(folder, `${name}.prv`)]
  const request = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-subj', `/CN=${name}`, '-days', '1']
  await execute('openssl', [...request, '-keyout', key, '-out', certificate])
  return { certificate, key }
}

const decrypt = (file: string, { certificate, key }: { certificate: string; key: string }) =>
  execute('openssl', ['cms', '-inform', 'DER', '-decrypt', '-in', file, '-recip', certificate, '-inkey', key])

test('openssl opens an envelope with the recipient’s key, and with nobody else’s', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'lazuli-'))
  t.after(() => rm(folder, { recursive: true }))
  const [one, other] = await Promise.all([keyPair(folder, 'one'), keyPair(folder, 'other')])
  const { stdout: pem } = await execute('openssl', ['x509', '-in', one.certificate])
  for (const content of ['{"password":"pä$$ wörd"}', '', 'x'.repeat(100_000)]) {
    const file = join(folder, 'envelope.der')
    await writeFile(file, envelopedData(content, pem))
    assert.equal((await decrypt(file, one)).stdout, content)
    await assert.rejects(decrypt(file, other))
  }
})
