/** Requests that nobody would send, on real sockets: none fails in the server, and none reaches what it has no right to. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import {
  ContainerSASPermissions,
  generateBlobSASQueryParameters,
  StorageSharedKeyCredential,
} from '@azure/storage-blob'
import { seededRandom } from '../../src/server/access/testing-random.ts'
import { operations } from '../../src/server/planes/blob/operations.ts'
import { assignRole, expect, newGroup } from '../contract/arrange.ts'
import { newLake } from '../contract/data-lake.ts'
import { connect, type RawConnection } from '../contract/raw-connection.ts'
import { blobRoles, newAccount, newContainer } from '../contract/storage.ts'
import { type Lazuli, startLazuli } from '../start.ts'
import * as corpus from './corpus.ts'

const rounds = 1_200

type Wish = { method: string; target: string; headers: readonly (readonly [string, string])[]; body?: string }

/** A client that sends what it is given, byte for byte, and that hears an answer to everything. */
function rawClient(t: TestContext, lazuli: Lazuli) {
  let connection: RawConnection | undefined
  return async ({ method, target, headers, body }: Wish) => {
    if (connection === undefined || connection.socket.destroyed) connection = await connect(t, lazuli)
    const bytes = Buffer.from(body ?? '')
    const all = [...headers, ...(body === undefined ? [] : [['content-length', String(bytes.length)] as const])]
    const head = `${method} ${target} HTTP/1.1\r\n${all.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`
    connection.send(Buffer.concat([Buffer.from(head), bytes]))
    const answer = await connection.answer(method)
    if (/^connection: close$/im.test(answer.headers)) {
      connection.socket.destroy()
      connection = undefined
    }
    return answer
  }
}

/** Without what would end the address of a request, or be no HTTP at all: that has its own part of the corpus. */
const bare = (text: string) => text.replace(/[^!-\uffff]/g, '+')

/** Errors in the server's log, which are there for everything that is not foreseen. */
const complaints = (lazuli: Lazuli) =>
  lazuli.server
    .log()
    .split('\n')
    .filter(line => /"level":[56]0/.test(line))

function chooser(seed: number) {
  const random = seededRandom(seed)
  const below = (end: number) => Math.floor(random() * end)
  const one = <T>(of: readonly T[]): T => of[below(of.length)] as T
  return {
    below,
    one,
    some: <T>(most: number, make: () => T): T[] => Array.from({ length: below(most + 1) }, make),
  }
}

/** An application that nobody has given anything, and how it signs in. */
async function newApplication(lazuli: Lazuli) {
  const token = await lazuli.token('https://graph.microsoft.com')
  const ask = (path: string, body: object) =>
    lazuli.arm('POST', `/v1.0${path}`, { token, headers: { host: 'graph.microsoft.com' }, body })
  const { id, appId } = await expect(201, ask('/applications', { displayName: 'fuzz' }))
  const principal = await expect(201, ask('/servicePrincipals', { appId }))
  const { secretText } = await expect(200, ask(`/applications/${id}/addPassword`, { passwordCredential: {} }))
  return {
    objectId: String(principal.id),
    async token(resource: string): Promise<string> {
      const form = { grant_type: 'client_credentials', client_id: appId, client_secret: secretText }
      const raw = Buffer.from(String(new URLSearchParams({ ...form, scope: `${resource}/.default` })))
      const headers = { 'content-type': 'application/x-www-form-urlencoded' }
      const path = `/${lazuli.env.tenantId}/oauth2/v2.0/token`
      return (await expect(200, lazuli.arm('POST', path, { token: false, raw, headers }))).access_token
    },
  }
}

/** Two accounts; in the first, somebody may do everything in one container, by a token and by a signature. */
async function openBlobs(lazuli: Lazuli) {
  const group = await newGroup(lazuli)
  const [account, foreign] = [await newAccount(lazuli, group), await newAccount(lazuli, group)]
  for (const [of, name] of [
    [account, 'ctr'],
    [account, 'other'],
    [foreign, 'ctr'],
  ] as const)
    await newContainer(lazuli, of, name)
  const [key = ''] = await account.keys()
  const signature = generateBlobSASQueryParameters(
    {
      containerName: 'ctr',
      permissions: ContainerSASPermissions.parse('racwdxltf'),
      expiresOn: new Date(Date.now() + 3_600_000),
    },
    new StorageSharedKeyCredential(account.name, key),
  )
  const somebody = await newApplication(lazuli)
  await assignRole(lazuli, `${account.id}/blobServices/default/containers/ctr`, somebody.objectId, blobRoles.owner)
  const keeper = await newApplication(lazuli)
  await assignRole(lazuli, group, keeper.objectId, blobRoles.owner)
  const token = await keeper.token('https://storage.azure.com')
  const hostOf = ({ name }: { name: string }) => `${name}.blob.core.windows.net`
  const send = (of: { name: string }, method: string, path: string, text?: string) =>
    lazuli.arm<string>(method, path, {
      token,
      headers: { host: hostOf(of), 'x-ms-version': '2021-06-08', 'x-ms-blob-type': 'BlockBlob' },
      ...(text === undefined ? {} : { raw: Buffer.from(text) }),
    })
  const kept = [
    [account, '/other/blob', 'this is of another container'],
    [foreign, '/ctr/blob', 'this is of another account'],
  ] as const
  for (const [of, path, text] of kept) assert.equal((await send(of, 'PUT', path, text)).status, 201)
  return {
    host: hostOf(account),
    signature: String(signature),
    token: await somebody.token('https://storage.azure.com'),
    sources: kept.map(([of, path]) => `https://${hostOf(of)}${path}`),
    /** Makes again what the requests may have deleted. */
    async renew() {
      await send(account, 'PUT', '/ctr?restype=container', '')
      await send(account, 'PUT', '/ctr/blob', 'everybody may have this')
    },
    isForeign: (text: string) => kept.some(([, , secret]) => text.includes(secret)),
    async foreignContent() {
      const found = await Promise.all(kept.map(async ([of, path]) => (await send(of, 'GET', path)).body))
      return { found, expected: kept.map(([, , text]) => text) }
    },
  }
}

test('no request breaks the blob service, or comes to what is somebody else’s', async t => {
  const lazuli = await startLazuli(t)
  const { host, signature, token, sources, renew, isForeign, foreignContent } = await openBlobs(lazuli)
  const { below, one, some } = chooser(corpus.seeds.blobs)
  const ask = rawClient(t, lazuli)
  const methods = ['GET', 'HEAD', 'PUT', 'POST', 'DELETE', 'OPTIONS', 'PATCH']
  const seen = new Map<number, number>()

  const expectAnswer = async (wish: Wish) => {
    const { status, headers, body } = await ask(wish)
    const what = `${JSON.stringify(wish).slice(0, 2_000)}: ${status} ${body.slice(0, 500)}`
    assert.ok(status >= 200 && status < 500, what)
    assert.ok(!isForeign(headers + body), what)
    seen.set(status, (seen.get(status) ?? 0) + 1)
  }
  const encoded = (text: string) => (below(2) === 0 ? encodeURIComponent(text) : bare(text))
  const oddSignature = () => {
    const parts = signature.split('&')
    const at = below(parts.length)
    const [name = ''] = (parts[at] ?? '').split('=')
    return one([
      () => parts.toSpliced(at, 1),
      () => [...parts, parts[at]],
      () => parts.with(at, `${name}=${encoded(one(corpus.values))}`),
      () => parts.with(at, `${name.toUpperCase()}=x`),
      () => parts.with(at, `${parts[at]}%00`),
      () => parts.toReversed(),
    ])().join('&')
  }

  for (let round = 0; round < rounds; round++) {
    // Some of them delete it, or lease it for good.
    if (round % 40 === 0) await renew()
    const operation = one(operations)
    const [ownMethod = '', route = ''] = operation.route.split(' ')
    const usual = route.replace('/:account', '').replace('/:container', '/ctr').replace('/:blob*', '/blob') || '/'
    const method = below(8) === 0 ? one(methods) : ownMethod
    const path = below(4) === 0 ? `/${some(6, () => one(corpus.segments)).join('/')}` : usual
    const who = one(['token', 'token', 'token', 'signature', 'signature', 'odd signature', 'nobody'])
    const query = [
      ...(below(6) === 0 ? [] : [operation.query ?? '']),
      ...some(2, () => `${one(corpus.queries)}=${encoded(one(corpus.values))}`),
      ...(who === 'signature' ? [signature] : who === 'odd signature' ? [oddSignature()] : []),
    ]
    const body = method === 'PUT' || method === 'POST' ? one(corpus.xml) : undefined
    const headers: [string, string][] = [
      ['host', host],
      ...(below(10) === 0 ? [] : [['x-ms-version', '2021-06-08'] as [string, string]]),
      ...some(3, (): [string, string] => [one(corpus.headers), one(corpus.values)]),
      ...(below(10) === 0 ? [['x-ms-copy-source', one(sources)] as [string, string]] : []),
      ...(who === 'token' ? [['authorization', `Bearer ${token}`] as [string, string]] : []),
    ]
    await expectAnswer({
      method,
      target: `${path}?${query.filter(part => part !== '').join('&')}`,
      // Those two let the body come later, or never.
      headers: headers.filter(([name]) => name !== 'expect' && name !== 'upgrade'),
      ...(body === undefined ? {} : { body }),
    })
  }
  for (const path of corpus.deepPaths) {
    for (const query of ['', `?${signature}`, '?restype=container&comp=list']) {
      for (const method of ['GET', 'PUT', 'DELETE']) {
        const headers = [
          ['host', host],
          ['x-ms-version', '2021-06-08'],
          ['x-ms-blob-type', 'BlockBlob'],
        ] as const
        await expectAnswer({ method, target: path + query, headers, ...(method === 'PUT' ? { body: 'x' } : {}) })
      }
    }
  }
  for (const text of corpus.framings(host)) {
    const connection = await connect(t, lazuli)
    connection.send(Buffer.from(text, 'latin1'))
    connection.socket.end()
    const answer = await connection.answer().catch(() => undefined)
    assert.ok(answer === undefined || (answer.status < 500 && !isForeign(answer.body)), `${text}: ${answer?.status}`)
    connection.socket.destroy()
  }

  t.diagnostic(
    [...seen]
      .map(([status, times]) => `${times} x ${status}`)
      .sort()
      .join(', '),
  )
  for (const status of [200, 400, 401, 403, 404, 409]) assert.ok(seen.has(status), `no answer was ${status}`)
  const { found, expected } = await foreignContent()
  assert.deepEqual(found, expected)
  assert.deepEqual(complaints(lazuli), [])
})

test('no request breaks Data Lake Store, and who has no right to a file gets nothing', async t => {
  const lazuli = await startLazuli(t)
  const lake = await newLake(lazuli, await newGroup(lazuli))
  const tokens = {
    owner: await lazuli.token('https://datalake.azure.net'),
    stranger: await (await newApplication(lazuli)).token('https://datalake.azure.net'),
  }
  assert.equal((await lake.ask('PUT', '/secret', 'CREATE&write=true', { raw: Buffer.from('secret') })).status, 201)
  const { below, one, some } = chooser(corpus.seeds.files)
  const ask = rawClient(t, lazuli)
  const seen = new Map<number, number>()
  const values = [...corpus.values, ...corpus.segments, ...corpus.fileValues]
  const parameter = () => {
    const text = one(corpus.fileParameters)
    if (text === 'aclspec=') return text + encodeURIComponent(some(4, () => one(corpus.aclEntries)).join(','))
    if (!text.endsWith('=') || text === '=') return text
    const value = one(values)
    return text + (below(2) === 0 ? encodeURIComponent(value.toWellFormed()) : bare(value))
  }

  const expectAnswer = async (who: keyof typeof tokens, wish: Wish) => {
    const headers = [
      ['host', `${lake.name}.azuredatalakestore.net`],
      ['authorization', `Bearer ${tokens[who]}`],
    ] as const
    const answer = await ask({ ...wish, headers: [...headers, ...wish.headers] })
    const what = `${who} ${JSON.stringify(wish).slice(0, 2_000)}: ${answer.status} ${answer.body.slice(0, 500)}`
    assert.ok(answer.status >= 200 && answer.status < 500, what)
    if (who === 'stranger') assert.ok(!answer.body.includes('secret'), what)
    if (answer.status >= 400 && answer.body !== '')
      assert.match(answer.body, /^\{"RemoteException":\{"exception":"/, what)
    seen.set(answer.status, (seen.get(answer.status) ?? 0) + 1)
  }

  for (let round = 0; round < rounds; round++) {
    const { method: usual, op } = one(corpus.fileOperations)
    const method = below(10) === 0 ? one(['GET', 'PUT', 'POST', 'DELETE', 'PATCH']) : usual
    const names = below(2) === 0 ? ['a', 'b', 'c.txt'] : corpus.segments
    const place = below(5) === 0 ? '/webhdfsext' : '/webhdfs/v1'
    await expectAnswer(below(5) === 0 ? 'stranger' : 'owner', {
      method,
      target: `${place}/${some(4, () => one(names)).join('/')}?op=${[op, ...some(4, parameter)].join('&')}`,
      headers: [],
      ...(method === 'GET' ? {} : { body: one(corpus.json) }),
    })
  }
  for (const path of corpus.deepPaths) {
    for (const { method, op } of corpus.fileOperations)
      await expectAnswer('owner', { method, target: `${path}?op=${op}`, headers: [] })
  }
  t.diagnostic(
    [...seen]
      .map(([status, times]) => `${times} x ${status}`)
      .sort()
      .join(', '),
  )
  for (const status of [200, 307, 400, 403, 404]) assert.ok(seen.has(status), `no answer was ${status}`)
  assert.equal(String((await lake.ask('GET', '/secret', 'OPEN&read=true')).body), 'secret')
  assert.deepEqual(complaints(lazuli), [])
})
