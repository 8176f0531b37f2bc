import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startLazuli } from '../start.ts'
import { assignRole, newGroup } from './arrange.ts'
import { claimsOf } from './curl.ts'
import { connect } from './raw-connection.ts'
import { blobRoles, newAccount } from './storage.ts'

test('names of metadata come back on the wire as they were sent', async t => {
  const lazuli = await startLazuli(t)
  const account = await newAccount(lazuli, await newGroup(lazuli))
  await assignRole(lazuli, account.id, String(claimsOf(await lazuli.token()).oid), blobRoles.owner)
  const token = await lazuli.token('https://storage.azure.com')
  const connection = await connect(t, lazuli)
  const ask = async (method: string, path: string, headers: readonly string[] = [], body = '') => {
    const all = [
      `Host: ${account.name}.blob.core.windows.net`,
      `Authorization: Bearer ${token}`,
      'x-ms-version: 2021-06-08',
      `Content-Length: ${body.length}`,
      ...headers,
    ]
    connection.send(`${method} ${path} HTTP/1.1\r\n${all.join('\r\n')}\r\n\r\n${body}`)
    return connection.answer(method)
  }
  const metadataIn = ({ headers }: { headers: string }) => headers.match(/^x-ms-meta-.*$/gim)

  await ask('PUT', '/box?restype=container', ['x-ms-meta-BoxKind: Wood'])
  // A long body comes back as a stream, and a short one does not.
  for (const [name, body] of [
    ['short', 'x'],
    ['long', 'x'.repeat(100_000)],
  ] as const) {
    const put = await ask('PUT', `/box/${name}`, ['x-ms-blob-type: BlockBlob', 'X-Ms-Meta-CamelCase: V'], body)
    assert.equal(put.status, 201)
  }
  for (const method of ['GET', 'HEAD']) {
    for (const name of ['short', 'long'])
      assert.deepEqual(metadataIn(await ask(method, `/box/${name}`)), ['x-ms-meta-CamelCase: V'], `${method} ${name}`)
    for (const query of ['', '&comp=metadata'])
      assert.deepEqual(metadataIn(await ask(method, `/box?restype=container${query}`)), ['x-ms-meta-BoxKind: Wood'])
    assert.deepEqual(metadataIn(await ask(method, '/box/short?comp=metadata')), ['x-ms-meta-CamelCase: V'])
  }
})
