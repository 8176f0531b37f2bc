/** Whose blobs a request may take bytes from, by each credential that it may have itself. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import {
  BlobSASPermissions,
  ContainerSASPermissions,
  generateBlobSASQueryParameters,
  StorageSharedKeyCredential,
} from '@azure/storage-blob'
import { sign } from '../../signatures/hmac.ts'
import { makeAccountSas } from '../../signatures/make-sas.ts'
import { readSas } from '../../signatures/sas.ts'
import { sasStringToSign } from '../../signatures/sas-string-to-sign.ts'
import { delegationKeyOf, keyOf, openStorage, storageAudience } from './testing.ts'

const address = 'https://acct1.blob.core.windows.net'
const block = { 'x-ms-blob-type': 'BlockBlob' }
const later = () => new Date(Date.now() + 3_600_000)
const said = (answer: { status: number; headers: Headers }) => [answer.status, answer.headers.get('x-ms-error-code')]

/** Every way in which a request takes bytes from another blob. */
const takings: readonly (readonly [target: string, query: string, headers: Record<string, string>])[] = [
  ['f/copy', '', {}],
  ['f/copy', '', { 'x-ms-requires-sync': 'true' }],
  ['f/copy', '', block],
  ['f/copy', 'comp=block&blockid=AAAA', {}],
  ['f/append', 'comp=appendblock', {}],
  [
    'f/page',
    'comp=page',
    { 'x-ms-page-write': 'update', 'x-ms-range': 'bytes=0-511', 'x-ms-source-range': 'bytes=0-511' },
  ],
]

async function withSecrets(t: TestContext) {
  const storage = await openStorage(t, { allowBlobPublicAccess: true })
  const { send } = storage
  for (const name of ['ctr', 'other']) await send('PUT', `/${name}?restype=container`)
  await send('PUT', '/open?restype=container', { headers: { 'x-ms-blob-public-access': 'blob' } })
  for (const path of ['/ctr/secret', '/ctr/f/secret', '/other/secret', '/open/known'])
    assert.equal((await send('PUT', path, { body: path.padEnd(512, '.'), headers: block })).status, 201)
  await send('PUT', '/ctr/f/append', { headers: { 'x-ms-blob-type': 'AppendBlob' } })
  await send('PUT', '/ctr/f/page', { headers: { 'x-ms-blob-type': 'PageBlob', 'x-ms-blob-content-length': '512' } })

  const value = await keyOf(storage)
  const key = Buffer.from(value, 'base64')
  const delegated = await delegationKeyOf(storage)
  /** For a blob of `ctr`, or for all of them. */
  const values = (letters: string, place: { blobName?: string; snapshotTime?: string }) => ({
    containerName: 'ctr',
    expiresOn: later(),
    ...place,
    permissions: (place.blobName === undefined ? ContainerSASPermissions : BlobSASPermissions).parse(letters),
  })
  type Place = Parameters<typeof values>[1]
  const by = new StorageSharedKeyCredential('acct1', value)
  const sas = (letters: string, place: Place = {}) => `${generateBlobSASQueryParameters(values(letters, place), by)}`
  const userSas = (letters: string, place: Place = {}) =>
    `${generateBlobSASQueryParameters(values(letters, place), delegated, 'acct1')}`
  /** The library of this language signs for no folder. */
  const folderSas = (sp: string) => {
    const pairs = Object.entries({ sv: '2021-06-08', se: '2999-01-01', sr: 'd', sdd: '1', sp })
    const read = readSas([...pairs, ['sig', 'to be made']])
    assert.ok(read && 'kind' in read)
    const text = sasStringToSign(
      read,
      { account: 'acct1', container: 'ctr', blob: 'f' },
      { headers: new Headers(), query: [] },
    )
    return `${new URLSearchParams([...pairs, ['sig', sign(key, text ?? '').toString('base64')]])}`.replace(/\+/g, '%20')
  }
  const accountSas = () => makeAccountSas(key, 'acct1', { ss: 'b', srt: 'sco', sp: 'rwdlac', se: '2999-01-01' })
  return { ...storage, key: by, sas, userSas, folderSas, accountSas }
}

test('the signature of a request reads no other blob for it: the source needs a right of its own', async t => {
  const { send, sas, userSas, folderSas, accountSas } = await withSecrets(t)
  const signatures: Record<string, (blobName: string) => string> = {
    blob: blobName => sas('racwdt', { blobName }),
    'blob, by a user': blobName => userSas('racwdt', { blobName }),
    folder: () => folderSas('racwdt'),
    container: () => sas('racwdlt'),
    'container, by a user': () => userSas('racwdlt'),
    account: accountSas,
  }
  for (const [kind, signatureFor] of Object.entries(signatures)) {
    for (const [target, query, headers] of takings) {
      const put = (source: string, more: Record<string, string> = {}) =>
        send('PUT', `/ctr/${target}?${query}&${signatureFor(target)}`, {
          token: null,
          headers: { ...headers, ...more, 'x-ms-copy-source': `${address}${source}` },
        })
      const what = `${kind}: ${target}?${query} ${Object.keys(headers)}`
      assert.deepEqual(said(await put('/ctr/secret')), [401, 'CannotVerifyCopySource'], what)
      assert.ok((await put('/open/known')).status < 300, what)
      // All of them look at their source in the same place.
      if (query !== '' || headers !== takings[0]?.[2]) continue
      for (const source of ['/ctr/f/secret', '/other/secret', '/ctr/nothing', '/none/secret'])
        assert.deepEqual(said(await put(source)), [401, 'CannotVerifyCopySource'], `${what}: ${source}`)
      for (const wrong of [sas('r', { blobName: target }), sas('acwd', { blobName: 'secret' }), userSas('l')])
        assert.deepEqual(said(await put(`/ctr/secret?${wrong}`)), [403, 'CannotVerifyCopySource'], `${what}: ${wrong}`)
      const guess = { 'x-ms-source-if-tags': '"salary"=\'high\'' }
      const guessed = await put(`/ctr/secret?${sas('r', { blobName: 'secret' })}`, guess)
      assert.deepEqual(said(guessed), [403, 'CannotVerifyCopySource'], what)
      for (const right of [
        `/ctr/secret?${sas('r', { blobName: 'secret' })}`,
        `/ctr/secret?${userSas('r')}`,
        `/ctr/f/secret?${folderSas('r')}`,
        `/other/secret?${accountSas()}`,
      ]) {
        const answer = await put(right)
        assert.ok(answer.status < 300, `${what}: ${right}: ${said(answer)}`)
      }
    }
  }
})

test('a snapshot is a source by a signature for it or for its blob, and not by one for another snapshot', async t => {
  const { send, sas } = await withSecrets(t)
  const take = async () => (await send('PUT', '/ctr/secret?comp=snapshot')).headers.get('x-ms-snapshot') ?? ''
  const [first, second] = [await take(), await take()]
  const put = async (source: string) =>
    said(
      await send('PUT', `/ctr/copy?${sas('cw', { blobName: 'copy' })}`, {
        token: null,
        headers: { 'x-ms-copy-source': `${address}/ctr/secret?${source}` },
      }),
    )
  const blobName = 'secret'
  const ofFirst = sas('r', { blobName, snapshotTime: first })
  assert.deepEqual(await put(`snapshot=${first}`), [401, 'CannotVerifyCopySource'])
  assert.deepEqual(await put(`snapshot=${second}&${ofFirst.replace(/snapshot=[^&]*&?/, '')}`), [
    403,
    'CannotVerifyCopySource',
  ])
  assert.deepEqual(await put(ofFirst.replace(/snapshot=[^&]*&?/, '')), [403, 'CannotVerifyCopySource'])
  assert.deepEqual(await put(`snapshot=${first}&${ofFirst.replace(/snapshot=[^&]*&?/, '')}`), [202, null])
  assert.deepEqual(await put(`snapshot=${second}&${sas('r', { blobName })}`), [202, null])
})

test('a key reads all of its account, a token what its roles say, and the header for the source is asked first', async t => {
  const { send, lazuli, token, arm, id, sas } = await withSecrets(t)
  const only = async (...containers: readonly (readonly [name: string, role: string])[]) => {
    const scope = (name: string) => `${id}/blobServices/default/containers/${name}`
    const roles = containers.map(([name, role]) => ({ role: `Storage Blob Data ${role}`, scope: scope(name) }))
    return (await lazuli.principal({ roles, audience: storageAudience })).token
  }
  const writesHere = await only(['ctr', 'Contributor'])
  const readsThere = await only(['other', 'Reader'])
  const both = await only(['ctr', 'Contributor'], ['other', 'Reader'])
  const group = id.slice(0, id.indexOf('/providers'))
  await arm('PUT', `${group}/providers/Microsoft.Storage/storageAccounts/acct2`, {
    ...{ location: 'westus', sku: { name: 'Standard_LRS' }, kind: 'StorageV2' },
  })
  for (const [target, query, headers] of takings) {
    const what = `${target}?${query} ${Object.keys(headers)}`
    const put = async (by: string | null, source: string, bearer?: string) =>
      said(
        await send('PUT', `/ctr/${target}?${query}${by === null ? `&${sas('acw', { blobName: target })}` : ''}`, {
          token: by,
          headers: {
            ...headers,
            'x-ms-copy-source': `${address}${source}`,
            ...(bearer === undefined ? {} : { 'x-ms-copy-source-authorization': `Bearer ${bearer}` }),
          },
        }),
      )
    assert.deepEqual(await put(writesHere, '/other/secret'), [403, 'AuthorizationPermissionMismatch'], what)
    assert.deepEqual(await put(token, '/other/secret', writesHere), [403, 'CannotVerifyCopySource'], what)
    assert.deepEqual(await put(null, '/other/secret', writesHere), [403, 'CannotVerifyCopySource'], what)
    assert.deepEqual(await put(null, '/other/secret', 'nonsense'), [401, 'CannotVerifyCopySource'], what)
    for (const [by, source, bearer] of [
      [writesHere, '/ctr/secret'],
      [both, '/other/secret'],
      [writesHere, '/other/secret', readsThere],
      [null, '/other/secret', readsThere],
    ] as const) {
      const [status = 0, code] = await put(by, source, bearer)
      assert.ok(Number(status) < 300, `${what}: ${source}: ${code}`)
    }
  }
})

test('what a copy shows of its source has no signature in it, however that is spelled', async t => {
  const { send, sas } = await withSecrets(t)
  const signature = sas('r', { blobName: 'secret' })
  for (const spelled of [signature, signature.replace('sig=', 'SIG=')]) {
    const headers = { 'x-ms-copy-source': `${address}/ctr/secret?${spelled}` }
    assert.equal((await send('PUT', '/ctr/copy', { headers })).status, 202)
    const shown = (await send('HEAD', '/ctr/copy')).headers.get('x-ms-copy-source') ?? ''
    assert.match(shown, /\/ctr\/secret\?/)
    assert.doesNotMatch(shown, /sig=/i)
  }
})

test('a request in a batch has only its own signature, and a signature around it opens none', async t => {
  const { send, sas, accountSas } = await withSecrets(t)
  const batch = async (around: string, token: string | null | undefined, target: string, headers = '') => {
    const part = `DELETE ${target} HTTP/1.1\r\n${headers}Content-Length: 0`
    const body = `--b\r\nContent-Type: application/http\r\n\r\n${part}\r\n\r\n--b--\r\n`
    const type = { 'content-type': 'multipart/mixed; boundary=b' }
    const sent = { ...(token === undefined ? {} : { token }), body, headers: type }
    const answer = await send('POST', `/?comp=batch${around}`, sent)
    return /HTTP\/1\.1 (\d+)/.exec(answer.text)?.[1]
  }
  const own = sas('d', { blobName: 'f/secret' })
  assert.equal(await batch(`&${accountSas()}`, null, '/ctr/secret', 'x-ms-version: 2021-06-08\r\n'), '401')
  assert.equal(await batch(`&${accountSas()}`, null, `/ctr/secret?${own}`), '403')
  assert.equal(await batch('', undefined, `/ctr/secret?${own.replace('sig=', 'SIG=')}`), '403')
  assert.equal(await batch(`&${accountSas()}`, null, `/ctr/f/secret?${own}`), '202')
})
