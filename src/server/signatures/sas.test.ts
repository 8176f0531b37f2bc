import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  AccountSASPermissions,
  AccountSASResourceTypes,
  BlobSASPermissions,
  type BlobSASSignatureValues,
  ContainerSASPermissions,
  generateAccountSASQueryParameters,
  generateBlobSASQueryParameters,
  SASProtocol,
  StorageSharedKeyCredential,
} from '@azure/storage-blob'
import { checkSas, type SasCheck } from './check-sas.ts'
import { deriveDelegationKey } from './delegation-key.ts'
import { sign } from './hmac.ts'
import { readQuery } from './query.ts'
import { isRefusal, readSas, type Sas } from './sas.ts'
import { type SignedPlace, sasStringToSign } from './sas-string-to-sign.ts'
import { account, key } from './testing-key.ts'

const now = Date.parse('2026-01-02T00:00:00Z')
const container: SignedPlace = { account, container: 'ctr1' }
const blob: SignedPlace = { ...container, blob: 'dir/hello world.txt' }

function read(token: string): Sas {
  const sas = readSas(readQuery(token))
  if (!sas || isRefusal(sas)) assert.fail(JSON.stringify(sas))
  return sas
}

const check = (token: string, over: Partial<SasCheck> = {}) =>
  checkSas(read(token), {
    place: container,
    insisted: { headers: new Headers(), query: [] },
    keys: [Buffer.alloc(64, 1), key],
    now,
    address: '127.0.0.1',
    protocol: 'https',
    ...over,
  })

const signatureOf = (token: string, place: SignedPlace) =>
  sign(key, sasStringToSign(read(`${token}&sig=x`), place, { headers: new Headers(), query: [] }) ?? '').toString(
    'base64',
  )

// Made with the official JavaScript library, and computed again by hand from the documentation.
const serviceToken = (version: string) =>
  `sv=${version}&sr=c&sp=rcw&st=2026-01-01T00:00:00Z&se=2030-01-01T00:00:00Z&spr=https`
const accountToken = (version: string) =>
  `sv=${version}&ss=b&srt=sco&sp=rl&st=2026-01-01T00:00:00Z&se=2030-01-01T00:00:00Z`
const delegationToken = (version: string) =>
  `sv=${version}&sr=c&sp=rl&st=2026-01-01T00:00:00Z&se=2026-01-07T00:00:00Z` +
  '&skoid=11111111-1111-1111-1111-111111111111&sktid=22222222-2222-2222-2222-222222222222' +
  '&skt=2026-01-01T00:00:00Z&ske=2026-01-08T00:00:00Z&sks=b&skv=2024-11-04'
const blobToken = 'sv=2024-11-04&sr=b&sp=r&se=2030-01-01T00:00:00Z&rsct=text/plain'

const golden: [token: string, place: SignedPlace, signature: string][] = [
  [serviceToken('2015-04-05'), container, 'gK7x8uWVFmJGUL5u+z56uvNmF31dsTfP5R7iN+11MVo='],
  [serviceToken('2018-11-09'), container, 'tJL7vy6k+f28skrNj7waZ3+OzeUr2GeNfXBqWdUSjq8='],
  [serviceToken('2020-12-06'), container, 'oN2jYBf2NRYTELcrEiHrpwMz6ofKnqODwvoFJfPZy64='],
  [serviceToken('2024-11-04'), container, 'QTqd3XX8C9sxxWcbsWIzLnEh5gzrwSjhHkd7zvR1Pjc='],
  [blobToken, blob, '3qLCW1IbYjSxOjqYdq/6YQrScChlrk5r2XCtPWc2xW4='],
  [accountToken('2018-11-09'), container, 'sMoZY7BOIBV3/ASNPoTxX+HgAfigqtpAbSI9tNoJjJU='],
  [accountToken('2024-11-04'), container, 'L75fbj8BY8vqCS4HB3TJ30veb6Tll9RZLZnAyI/Brsg='],
  [delegationToken('2018-11-09'), container, 'th3wK7EZS89bOWx0oXTAKhLrnP+tSLP9cU7POqKhbeE='],
  [delegationToken('2020-02-10'), container, 'GKrjE9V6HdXP7/LvQPm30ITFtvn++DZ7u3SQzVtxO04='],
  [delegationToken('2020-12-06'), container, '9+pcTGU6bPrXaemONIIryuw3U+MPnvgOggIHBFni2DA='],
  [delegationToken('2025-07-05'), container, '5t3QFkWxx1IQjgt0qAkXRmuFM3FtHa+vnTh5TrG7Y2M='],
  [delegationToken('2026-04-06'), container, 'Kl2IQ6MjkSXLxzmNH3Y5OnDQ2lkTD3u2dhKrF6B1BHA='],
]
for (const [token, place, signature] of golden) {
  const { kind, version } = read(`${token}&sig=x`)
  test(`a ${kind} signature of ${version} over ${place.blob ?? 'a container'} is the known one`, () => {
    assert.equal(signatureOf(token, place), signature)
    const complete = `${token}&sig=${encodeURIComponent(signature)}`
    assert.deepEqual(check(complete, { place }), { permission: token.match(/sp=(\w+)/)?.[1] })
    assert.ok('permission' in check(`${token}&sig=${signature}`, { place }), 'also with a plus that is not escaped')
    const wrong = check(complete, { place, keys: [Buffer.alloc(64, 1)] })
    assert.ok(
      'refusal' in wrong && wrong.refusal.detail?.startsWith('Signature did not match. String to sign used was'),
    )
  })
}

test('no field of a signature can be changed, added or left out', () => {
  for (const [token, place, signature] of golden) {
    const pairs = token.split('&')
    const changes = pairs.flatMap((pair, i) => [
      pairs.toSpliced(i, 1),
      pairs.toSpliced(i, 1, `${pair}0`),
      pairs.toSpliced(i, 1, `${pair.split('=')[0]}=${'x'}`),
    ])
    for (const changed of [...changes, [...pairs, 'sip=0.0.0.0-255.255.255.255'], [...pairs, 'ses=scope']]) {
      const text = `${changed.join('&')}&sig=${encodeURIComponent(signature)}`
      const sas = readSas(readQuery(text))
      assert.ok(sas)
      // Before it could be signed, this field meant nothing.
      if (text.includes('ses=') && !isRefusal(sas) && sas.version < '2020-12-06') continue
      if (!isRefusal(sas)) assert.ok('refusal' in check(text, { place }), text)
    }
  }
})

const libraryKey = new StorageSharedKeyCredential(account, key.toString('base64'))
const times = { startsOn: new Date('2026-01-01T00:00:00Z'), expiresOn: new Date('2030-01-01T00:00:00Z') }

const serviceValues: BlobSASSignatureValues[] = [
  { containerName: 'ctr1', permissions: ContainerSASPermissions.parse('racwdl') },
  { containerName: 'ctr1', blobName: 'ä/b c', permissions: BlobSASPermissions.parse('r'), contentType: 'text/plain' },
  {
    containerName: 'ctr1',
    permissions: ContainerSASPermissions.parse('rl'),
    ipRange: { start: '10.0.0.1', end: '10.0.0.9' },
    protocol: SASProtocol.HttpsAndHttp,
    cacheControl: 'no-store',
    contentDisposition: 'attachment; filename="a b"',
    contentEncoding: 'gzip',
    contentLanguage: 'de',
  },
]
const snapshotValues: BlobSASSignatureValues = {
  ...{ containerName: 'ctr1', blobName: 'b', snapshotTime: '2026-01-01T00:00:00.0000001Z' },
  permissions: BlobSASPermissions.parse('r'),
}
const versionValues: BlobSASSignatureValues = {
  ...{ containerName: 'ctr1', blobName: 'b', versionId: '2026-01-01T00:00:00.0000001Z' },
  permissions: BlobSASPermissions.parse('rx'),
}
const otherTime = '2026-01-01T00:00:00.0000002Z'
const versions = ['2015-04-05', '2018-11-09', '2019-12-12', '2020-02-10', '2020-12-06', '2022-11-02', '2025-07-05']

for (const version of [...versions, '2026-04-06']) {
  test(`what the official library makes for ${version} is accepted`, () => {
    const ofOne =
      version < '2018-11-09' ? [] : version < '2019-10-10' ? [snapshotValues] : [snapshotValues, versionValues]
    const fits = [...serviceValues, ...ofOne]
    for (const values of fits) {
      const token = generateBlobSASQueryParameters({ ...values, ...times, version }, libraryKey).toString()
      const { containerName, blobName, snapshotTime, versionId } = values
      const place = {
        account,
        container: containerName,
        ...(blobName ? { blob: blobName } : {}),
        ...(snapshotTime ? { snapshot: snapshotTime } : {}),
        ...(versionId ? { version: versionId } : {}),
      }
      assert.ok('permission' in check(token, { place, address: '10.0.0.5' }), token)
      for (const other of [
        { ...place, account: 'other' },
        { ...place, container: 'ctr2' },
        ...(blobName
          ? [
              { ...place, blob: 'x' },
              { account, container: 'ctr1' },
            ]
          : []),
        ...(snapshotTime
          ? [
              { ...place, snapshot: otherTime },
              { ...place, version: snapshotTime, snapshot: '' },
            ]
          : []),
        ...(versionId
          ? [
              { ...place, version: otherTime },
              { account, container: containerName, blob: 'b' },
            ]
          : []),
      ]) {
        assert.ok('refusal' in check(token, { place: other, address: '10.0.0.5' }), JSON.stringify(other))
      }
    }
    const whole = generateAccountSASQueryParameters(
      {
        ...times,
        version,
        services: 'b',
        resourceTypes: AccountSASResourceTypes.parse('sco').toString(),
        permissions: AccountSASPermissions.parse('rwdl'),
      },
      libraryKey,
    ).toString()
    assert.deepEqual(check(whole), { permission: 'rwdl' })
  })
}

const delegated = {
  ...{ signedObjectId: '11111111-1111-1111-1111-111111111111', signedService: 'b', signedVersion: '2026-04-06' },
  signedTenantId: '22222222-2222-2222-2222-222222222222',
  signedStartsOn: new Date('2026-01-01T00:00:00Z'),
  signedExpiresOn: new Date('2026-01-08T00:00:00Z'),
}

for (const version of versions.filter(version => version >= '2018-11-09').concat('2026-04-06')) {
  test(`a delegated key signs for ${version} as the official library does it`, () => {
    const keyFields = (sas: Sas) => ({
      ...{ account, objectId: sas.field('skoid'), tenantId: sas.field('sktid'), start: sas.field('skt') },
      ...{ expiry: sas.field('ske'), service: sas.field('sks'), version: sas.field('skv') },
      delegatedTenantId: sas.field('skdutid'),
    })
    const secret = Buffer.from('a secret of the server')
    const expected = deriveDelegationKey(secret, {
      ...{ account, objectId: delegated.signedObjectId, tenantId: delegated.signedTenantId, delegatedTenantId: '' },
      ...{ start: '2026-01-01T00:00:00Z', expiry: '2026-01-08T00:00:00Z', service: 'b', version: '2026-04-06' },
    })
    const newest = version >= '2026-04-06'
    const values: BlobSASSignatureValues = {
      ...{ containerName: 'ctr1', permissions: ContainerSASPermissions.parse('rl'), version },
      ...(newest
        ? { requestHeaders: { 'x-ms-meta-a': '1', range: 'x' }, requestQueryParameters: { comp: 'list' } }
        : {}),
      ...(version >= '2020-02-10' ? { correlationId: '33333333-3333-3333-3333-333333333333' } : {}),
      ...{ startsOn: delegated.signedStartsOn, expiresOn: delegated.signedExpiresOn },
    }
    const userKey = { ...delegated, value: expected.toString('base64') }
    const token = generateBlobSASQueryParameters(values, userKey, account).toString()
    const keys = [deriveDelegationKey(secret, keyFields(read(token)))]
    const insisted = { headers: new Headers({ 'x-ms-meta-a': '1', range: 'x' }), query: readQuery('?comp=list') }
    assert.deepEqual(check(token, { keys, insisted }), { permission: 'rl' })
    const later = token.replace(/skt=[^&]+/, 'skt=2025-12-31T00%3A00%3A00Z')
    assert.ok('refusal' in check(later, { keys: [deriveDelegationKey(secret, keyFields(read(later)))], insisted }))
    if (newest) {
      const other = { ...insisted, headers: new Headers({ 'x-ms-meta-a': '2', range: 'x' }) }
      assert.ok('refusal' in check(token, { keys, insisted: other }))
    }
  })
}

const unreadable: [token: string, detail: string][] = [
  ['sig=x', 'sv is mandatory. Cannot be empty'],
  ['sv=2024-11-04&sr=c&sig=', 'sig is mandatory. Cannot be empty'],
  ['sv=2024-11-04&sig=x', 'sr is mandatory. Cannot be empty'],
  ['sv=2024-11-04&ss=b&sp=r&se=2030-01-01&sig=x', 'srt is mandatory. Cannot be empty'],
  ['sv=2024-11-04&ss=b&srt=o&sp=r&sig=x', 'se is mandatory. Cannot be empty'],
  ['sv=2012-02-12&sr=c&sig=x', 'Signature fields not well formed.'],
  ['sv=tomorrow&sr=c&sig=x', 'Signature fields not well formed.'],
  ['sv=2024-11-04&ss=b&srt=o&sp=r&se=2030-01-01&si=p&sig=x', 'Signature fields not well formed.'],
  ['sv=2024-11-04&sr=c&sig=x&sp=r&sp=rw', 'The query parameter sp is given more than once.'],
  ['sv=2024-11-04&sr=c&sig=x&SIG=y', 'The query parameter sig is given more than once.'],
]
for (const [token, detail] of unreadable) {
  test(`${token} is refused`, () => {
    assert.deepEqual(readSas(readQuery(token)), { code: 'AuthenticationFailed', detail })
  })
}

test('a query without a signature has none', () => {
  assert.equal(readSas(readQuery('?comp=list&sv=2020-12-06&prefix=sig')), undefined)
})

/** What the commands of az print for the same account and key. */
const recorded: [by: string, token: string, place: SignedPlace, permission: string][] = [
  [
    'az 2.45 storage blob generate-sas',
    'se=2030-01-01T00%3A00Z&sp=r&sip=10.0.0.1-10.0.0.9&spr=https&sv=2021-06-08&sr=b&sig=fA%2BquFR%2FIhPN43dS2NVzg4YG4vo5qCGmHqWuf5uifck%3D',
    blob,
    'r',
  ],
  [
    'az 2.74 storage container generate-sas',
    'st=2026-01-01T00%3A00Z&se=2030-01-01T00%3A00Z&sp=rl&sv=2022-11-02&sr=c&sig=G18FrjC8qoPywkp1wc/JG8qt1lAC%2BT/Ak/UNojzZgS8%3D',
    container,
    'rl',
  ],
  [
    'az 2.74 storage account generate-sas',
    'se=2030-01-01T00%3A00Z&sp=rl&spr=https&sv=2022-11-02&ss=b&srt=sco&sig=FW%2BSXSPucmF87YBxsq2hr/KYZ/lGFrqN8aCvuf7VxWE%3D',
    container,
    'rl',
  ],
]
for (const [by, token, place, permission] of recorded) {
  test(`what ${by} made is accepted`, () => {
    assert.deepEqual(check(token, { place, address: '10.0.0.5' }), { permission })
    assert.ok('refusal' in check(token.replace('2030', '2031'), { place, address: '10.0.0.5' }))
  })
}
