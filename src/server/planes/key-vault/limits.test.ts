import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Asked, openVault, vaultAudience } from './testing-vault.ts'

type Page = { value: { id: string }[]; nextLink: string | null }
type Secret = { id: string; previousVersion?: string }

const refusal = ({ status, body }: Asked) => {
  const { code, innererror } = (body as { error: { code: string; innererror?: { code: string } } }).error
  return innererror ? `${status} ${code} ${innererror.code}` : `${status} ${code}`
}
const characters = (length: number) => 'x'.repeat(length)

test('every version of the API is answered, from the first to the newest, and nothing that is none', async t => {
  const { ask } = await openVault(t)
  for (const version of [
    '2015-06-01',
    '2016-10-01',
    '7.0',
    '7.1',
    '7.2',
    '7.3',
    '7.4-preview.1',
    '7.4',
    '7.5',
    '7.6-preview.2',
    '7.6',
    '2025-06-01-preview',
    '2025-07-01',
  ]) {
    for (const path of ['/secrets', '/keys', '/certificates', '/deletedkeys'])
      assert.equal((await ask('GET', `${path}?api-version=${version}`)).status, 200, `${path} ${version}`)
  }
  for (const version of ['6.9', '7', '7.x', '8.0', 'latest', '2016-10-02', '2017-10-01', '2024-11-01', '2025-13-01'])
    assert.equal(refusal(await ask('GET', `/secrets?api-version=${version}`)), '400 BadParameter', version)
})

test('lists come in pages of at most 25, each thing once, and end where nothing is left', async t => {
  const { ask } = await openVault(t)
  const names = Array.from({ length: 26 }, (_, at) => `s${String(at).padStart(2, '0')}`)
  const pages = async (path: string) => {
    const sizes: number[] = []
    const seen: string[] = []
    for (let next: string | null = path; next !== null; ) {
      const { value, nextLink }: Page = (await ask('GET', next)).body as Page
      sizes.push(value.length)
      seen.push(...value.map(({ id }) => id.split('/').at(-1) ?? ''))
      next = nextLink
    }
    return { sizes, seen }
  }
  assert.deepEqual(await pages('/secrets'), { sizes: [0], seen: [] })
  for (const name of names.slice(0, 25)) await ask('PUT', `/secrets/${name}`, { body: { value: name } })
  assert.deepEqual(await pages('/secrets'), { sizes: [25], seen: names.slice(0, 25) })
  await ask('PUT', `/secrets/${names[25]}`, { body: { value: 'last' } })
  assert.deepEqual(await pages('/secrets'), { sizes: [25, 1], seen: names })
  assert.deepEqual(await pages('/secrets?maxresults=25'), { sizes: [25, 1], seen: names })
  assert.deepEqual(await pages('/secrets?maxresults=13'), { sizes: [13, 13], seen: names })
  assert.deepEqual((await pages('/secrets?maxresults=1')).sizes, Array(26).fill(1))
  for (const wrong of ['0', '26', '-1', 'many', '1.5'])
    assert.equal(refusal(await ask('GET', `/secrets?maxresults=${wrong}`)), '400 BadParameter', wrong)

  for (const value of names.slice(1)) await ask('PUT', '/secrets/s00', { body: { value } })
  const versions = await pages('/secrets/s00/versions')
  assert.deepEqual([versions.sizes, new Set(versions.seen).size], [[25, 1], 26])
  for (const name of names) await ask('DELETE', `/secrets/${name}`)
  assert.deepEqual(await pages('/deletedsecrets'), { sizes: [25, 1], seen: names })
  assert.deepEqual(await pages('/secrets'), { sizes: [0], seen: [] })
})

test('a secret holds 25,600 bytes, 15 tags of 256 characters each, and not one more', async t => {
  const { ask } = await openVault(t)
  const tags = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, at) => [`tag${at}`, '']))
  const cases: [object, boolean][] = [
    [{ value: characters(25_600) }, true],
    [{ value: characters(25_601) }, false],
    [{ value: 'é'.repeat(12_800) }, true],
    [{ value: `${'é'.repeat(12_800)}x` }, false],
    [{ value: '' }, true],
    [{ value: 'v', tags: tags(15) }, true],
    [{ value: 'v', tags: tags(16) }, false],
    [{ value: 'v', tags: { [characters(256)]: characters(256) } }, true],
    [{ value: 'v', tags: { [characters(257)]: '' } }, false],
    [{ value: 'v', tags: { a: characters(257) } }, false],
    [{ value: 'v', tags: { a: 1 } }, false],
    [{ value: 'v', contentType: characters(255) }, true],
    [{ value: 'v', contentType: characters(256) }, false],
  ]
  for (const [body, fits] of cases) {
    const { status } = await ask('PUT', '/secrets/s', { body })
    assert.equal(status, fits ? 200 : 400, JSON.stringify(body).slice(0, 60))
  }
  const { body } = await ask('GET', '/secrets/s/versions')
  assert.equal((body as Page).value.length, cases.filter(([, fits]) => fits).length)
  for (const [count, status] of [
    [15, 200],
    [16, 400],
  ] as const)
    assert.equal((await ask('POST', '/keys/k/create', { body: { kty: 'EC', tags: tags(count) } })).status, status)
})

test('the name of what is deleted is taken, in any spelling, until it is purged or its time is over', async t => {
  const { ask, forwardBy, keeper } = await openVault(t)
  const [set, create] = [{ value: 'v' }, { kty: 'EC' }]
  const key = { kty: 'oct', k: Buffer.alloc(32).toString('base64url') }
  await ask('PUT', '/secrets/gone', { body: set })
  await ask('POST', '/keys/gone/create', { body: create })
  const backups = {
    secrets: (await ask('POST', '/secrets/gone/backup')).body,
    keys: (await ask('POST', '/keys/gone/backup')).body,
  }
  for (const kind of ['secrets', 'keys']) assert.equal((await ask('DELETE', `/${kind}/gone`)).status, 200)
  const taken = '409 Conflict ObjectIsDeletedButRecoverable'
  for (const [method, path, body, expected] of [
    ['PUT', '/secrets/GONE', set, taken],
    ['POST', '/secrets/restore', backups.secrets, taken],
    ['GET', '/secrets/gone', undefined, '404 SecretNotFound'],
    ['GET', '/secrets/gone/versions', undefined, '404 SecretNotFound'],
    ['PATCH', '/secrets/gone', {}, '404 SecretNotFound'],
    ['DELETE', '/secrets/gone', undefined, '404 SecretNotFound'],
    ['POST', '/secrets/gone/backup', undefined, '404 SecretNotFound'],
    ['POST', '/keys/Gone/create', create, taken],
    ['PUT', '/keys/gone', { key }, taken],
    ['POST', '/keys/restore', backups.keys, taken],
    ['POST', '/keys/gone/rotate', undefined, '404 KeyNotFound'],
    ['GET', '/keys/gone/rotationpolicy', undefined, '404 KeyNotFound'],
    ['PATCH', '/keys/gone', {}, '404 KeyNotFound'],
    ['DELETE', '/keys/gone', undefined, '404 KeyNotFound'],
    // What is not deleted cannot come back.
    ['POST', '/deletedsecrets/never/recover', undefined, '404 SecretNotFound'],
    ['DELETE', '/deletedkeys/never', undefined, '404 KeyNotFound'],
  ] as const) {
    const asked = await ask(method, path, body === undefined ? {} : { body })
    assert.equal(refusal(asked), expected, `${method} ${path}`)
  }
  assert.equal((await ask('DELETE', '/deletedsecrets/gone')).status, 204)
  assert.equal((await ask('PUT', '/secrets/gone', { body: set })).status, 200)
  const again = async () =>
    ask('POST', '/keys/gone/create', { body: create, token: await keeper.tokenFor(vaultAudience) })
  forwardBy(90 * 86_400 - 1)
  assert.equal(refusal(await again()), taken)
  forwardBy(1)
  assert.equal((await again()).status, 200)
})

test('writers at once of one name each make a version, and every version knows the one before it', async t => {
  const { ask } = await openVault(t)
  const writers = Array.from({ length: 20 }, (_, at) =>
    ask('PUT', '/secrets/shared?api-version=2025-07-01', { body: { value: String(at) } }),
  )
  const made = (await Promise.all(writers)).map(({ status, body }) => {
    assert.equal(status, 200)
    return body as Secret
  })
  const versionOf = ({ id }: Secret) => id.split('/').at(-1)
  const versions = new Set(made.map(versionOf))
  const before = new Set(made.map(({ previousVersion }) => previousVersion))
  assert.deepEqual([versions.size, before.size], [20, 20])
  const newest = (await ask('GET', '/secrets/shared?api-version=2025-07-01')).body as Secret
  assert.deepEqual([versions.has(versionOf(newest)), before.has(versionOf(newest))], [true, false])
  const list = (await ask('GET', '/secrets/shared/versions')).body as Page
  assert.equal(list.value.length, 20)
})

test('of those who make, delete, recover and purge one name at once, each is told what happened', async t => {
  const { ask } = await openVault(t)
  for (let round = 0; round < 8; round++) {
    const answers = await Promise.all([
      ask('POST', '/keys/k/create', { body: { kty: 'EC' } }),
      ask('DELETE', '/keys/k'),
      ask('POST', '/deletedkeys/k/recover'),
      ask('POST', '/keys/k/create', { body: { kty: 'EC' } }),
      ask('POST', '/keys/k/rotate'),
      ask('DELETE', '/keys/k'),
      ask('DELETE', '/deletedkeys/k'),
    ])
    for (const { status } of answers) assert.ok([200, 204, 404, 409].includes(status), String(status))
    const [live, deleted] = [await ask('GET', '/keys/k'), await ask('GET', '/deletedkeys/k')]
    assert.ok(live.status === 404 || deleted.status === 404, 'it is here or gone')
    if (live.status === 200) {
      const { value } = (await ask('GET', '/keys/k/versions')).body as { value: { kid: string }[] }
      const { kid } = (live.body as { key: { kid: string } }).key
      assert.ok(value.some(one => one.kid === kid))
      const sign = { alg: 'ES256', value: Buffer.alloc(32).toString('base64url') }
      assert.equal((await ask('POST', '/keys/k/sign', { body: sign })).status, 200)
    }
  }
})
