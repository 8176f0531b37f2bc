/** What the resource manager has of a storage account besides the account itself. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { blobPlane } from '../../planes/blob/plane.ts'
import { openLazuli } from '../../testing/open-lazuli.ts'

async function opened(t: TestContext, properties: Record<string, unknown> = {}) {
  const lazuli = await openLazuli(t, { planes: parts => [blobPlane(parts)] })
  const token = await lazuli.adminToken()
  const send = async (method: string, path: string, body?: unknown) => {
    const url = path.startsWith('https:') ? path : `${path}${path.includes('?') ? '&' : '?'}api-version=2022-09-01`
    const response = await lazuli.request(method, url, { token, body })
    const text = await response.text()
    return { status: response.status, body: text === '' ? undefined : JSON.parse(text) }
  }
  const group = `${lazuli.subscription}/resourceGroups/g`
  await send('PUT', group, { location: 'westus' })
  const id = `${group}/providers/Microsoft.Storage/storageAccounts/acct1`
  await send('PUT', id, { location: 'westus', sku: { name: 'Standard_LRS' }, kind: 'StorageV2', properties })
  /** Without a token, at the account's own address. */
  const blob = (method: string, path: string, headers: Record<string, string> = {}) =>
    lazuli.request(method, `https://acct1.blob.core.windows.net${path}`, {
      headers: { 'x-ms-version': '2021-06-08', ...(method === 'PUT' ? { 'content-length': '0' } : {}), ...headers },
    })
  return { lazuli, send, id, blob }
}

test('listAccountSas makes a signature that opens what it was asked for, and refuses what makes no sense', async t => {
  const { send, id, blob } = await opened(t)
  const signedExpiry = new Date(Date.now() + 3_600_000).toISOString()
  const wish = { signedServices: 'b', signedResourceTypes: 'sc', signedPermission: 'rwl', signedExpiry }
  const { status, body } = await send('POST', `${id}/listAccountSas`, { ...wish, signedProtocol: 'https' })
  assert.equal(status, 200)
  assert.deepEqual(Object.keys(body), ['accountSasToken'])
  const fields = Object.fromEntries(new URLSearchParams(body.accountSasToken))
  const se = `${signedExpiry.slice(0, 19)}Z`
  assert.deepEqual(
    { ...fields, sig: '' },
    { sv: '2015-04-05', ss: 'b', srt: 'sc', sp: 'rwl', se, spr: 'https', sig: '' },
  )
  const { accountSasToken: sas } = body
  assert.equal((await blob('PUT', `/box?restype=container&${sas}`)).status, 201)
  assert.equal((await blob('GET', `/?comp=list&${sas}`)).status, 200)
  assert.equal((await blob('DELETE', `/box?restype=container&${sas}`)).status, 403)
  assert.equal(
    (await blob('GET', `/box/blob?${sas}`)).headers.get('x-ms-error-code'),
    'AuthorizationResourceTypeMismatch',
  )

  const second = await send('POST', `${id}/listAccountSas`, { ...wish, keyToSign: 'key2' })
  await send('POST', `${id}/regenerateKey`, { keyName: 'key1' })
  assert.equal((await blob('GET', `/?comp=list&${sas}`)).status, 403)
  assert.equal((await blob('GET', `/?comp=list&${second.body.accountSasToken}`)).status, 200)

  for (const wrong of [
    { signedServices: 'x' },
    { signedResourceTypes: 'z' },
    { signedPermission: 'wr' },
    { signedExpiry: 'soon' },
    { signedExpiry: '2020-01-01T00:00:00Z' },
    { signedProtocol: 'http' },
    { signedIp: '300.0.0.1' },
    { keyToSign: 'key3' },
  ]) {
    const refused = await send('POST', `${id}/listAccountSas`, { ...wish, ...wrong })
    const code = refused.body.error.code
    assert.deepEqual([refused.status, code], [400, 'InvalidValuesForRequestParameters'], JSON.stringify(wrong))
  }
  assert.equal((await send('POST', `${id}/listAccountSas`, { ...wish, signedExpiry: undefined })).status, 400)
  assert.equal((await send('GET', `${id}/listAccountSas`)).status, 404)
})

test('skus say what accounts can be made as', async t => {
  const { lazuli, send } = await opened(t)
  const { status, body } = await send('GET', `${lazuli.subscription}/providers/Microsoft.Storage/skus`)
  assert.equal(status, 200)
  assert.deepEqual(body.value[0], {
    resourceType: 'storageAccounts',
    name: 'Standard_LRS',
    tier: 'Standard',
    kind: body.value[0].kind,
    locations: [],
    capabilities: [],
    restrictions: [],
  })
  const accounts = `${lazuli.subscription}/resourceGroups/g/providers/Microsoft.Storage/storageAccounts`
  const put = (account: string, name: string, kind: string) =>
    send('PUT', `${accounts}/${account}`, { location: 'westus', sku: { name }, kind, properties: {} })
  for (const [n, { name, kind }] of body.value.entries()) {
    const made = await put(`made${n}`, name, kind)
    assert.deepEqual([made.status, made.body.sku?.name, made.body.kind], [200, name, kind])
    const { secondaryEndpoints } = made.body.properties
    assert.equal(secondaryEndpoints !== undefined, /RAG/.test(name), name)
  }
  for (const [name, kind] of [
    ['Standard_LRS', 'BlockBlobStorage'],
    ['Premium_LRS', 'BlobStorage'],
    ['Standard_ABC', 'StorageV2'],
  ] as const) {
    const refused = await put('refused', name, kind)
    assert.deepEqual([refused.status, refused.body.error.code], [400, 'InvalidValuesForRequestParameters'], name)
  }
  for (const [kind, next, status] of [
    ['Storage', 'StorageV2', 200],
    ['BlobStorage', 'StorageV2', 200],
    ['StorageV2', 'BlobStorage', 409],
  ] as const) {
    const account = `change${kind.toLowerCase()}`
    await put(account, 'Standard_LRS', kind)
    assert.equal((await put(account, 'Standard_LRS', next)).status, status, `${kind} to ${next}`)
  }
})

test('a name is available when it is one and nobody has it', async t => {
  const { lazuli, send } = await opened(t)
  const check = (body: unknown) =>
    send('POST', `${lazuli.subscription}/providers/Microsoft.Storage/checkNameAvailability`, body)
  assert.deepEqual(await check({ name: 'acct2', type: 'Microsoft.Storage/storageAccounts' }), {
    status: 200,
    body: { nameAvailable: true },
  })
  for (const name of ['', 'ab', 'Upper', 'with-dash', 'a'.repeat(25)]) {
    const { status, body } = await check({ name })
    assert.deepEqual([status, body.nameAvailable, body.reason], [200, false, 'AccountNameInvalid'], name)
  }
  assert.deepEqual((await check({ name: 'acct1' })).body.reason, 'AlreadyExists')
  assert.equal((await check({})).status, 400)
})

test('the blob service of an account is shown and changed, and the account then does as it says', async t => {
  const { send, id, blob } = await opened(t)
  const service = `${id}/blobServices/default`
  const fresh = {
    id: service,
    name: 'default',
    type: 'Microsoft.Storage/storageAccounts/blobServices',
    sku: { name: 'Standard_LRS', tier: 'Standard' },
    properties: {
      cors: { corsRules: [] },
      deleteRetentionPolicy: { allowPermanentDelete: false, enabled: false },
    },
  }
  assert.deepEqual(await send('GET', service), { status: 200, body: fresh })
  assert.deepEqual((await send('GET', `${id}/blobServices`)).body, { value: [fresh] })
  const rule = {
    allowedOrigins: ['https://a.example'],
    allowedMethods: ['GET'],
    maxAgeInSeconds: 60,
    exposedHeaders: [],
    allowedHeaders: [],
  }
  const properties = { cors: { corsRules: [rule] }, deleteRetentionPolicy: { enabled: true, days: 7 } }
  const changed = await send('PUT', service, { properties })
  const expected = { ...properties, deleteRetentionPolicy: { allowPermanentDelete: false, enabled: true, days: 7 } }
  assert.deepEqual(changed, { status: 200, body: { ...fresh, properties: expected } })
  assert.deepEqual((await send('GET', service)).body, changed.body)
  const asked = { origin: 'https://a.example', 'access-control-request-method': 'GET' }
  assert.equal((await blob('OPTIONS', '/box/blob', asked)).status, 200)
  assert.equal((await blob('OPTIONS', '/box/blob', { ...asked, origin: 'https://b.example' })).status, 403)

  for (const wrong of [
    { deleteRetentionPolicy: { enabled: true, days: 366 } },
    { cors: { corsRules: Array.from({ length: 6 }, () => rule) } },
    { cors: { corsRules: [{ ...rule, exposedHeaders: ['a\nb'] }] } },
    { cors: { corsRules: [{ ...rule, exposedHeaders: ['☃'] }] } },
    { cors: { corsRules: [{ ...rule, allowedHeaders: ['a b'] }] } },
    { cors: { corsRules: [{ ...rule, allowedOrigins: ['https://a.example\n'] }] } },
    { cors: { corsRules: [{ ...rule, allowedOrigins: [] }] } },
    { cors: { corsRules: [{ ...rule, allowedMethods: ['FOO'] }] } },
    { cors: { corsRules: [{ ...rule, maxAgeInSeconds: 1.5 }] } },
    { isVersioningEnabled: 'yes' },
  ])
    assert.equal((await send('PUT', service, { properties: wrong })).status, 400, JSON.stringify(wrong))
  assert.deepEqual((await send('GET', service)).body, changed.body)
  for (const isVersioningEnabled of [true, false]) {
    const { body } = await send('PUT', service, { properties: { isVersioningEnabled } })
    assert.deepEqual(body.properties, { ...expected, isVersioningEnabled })
  }
  assert.equal((await send('GET', service.replace('acct1', 'acct2'))).status, 404)
})

test('a container is made, shown, listed, changed and removed, and is the blob service’s own', async t => {
  const { send, id, blob } = await opened(t, { allowBlobPublicAccess: true })
  const containers = `${id}/blobServices/default/containers`
  const made = await send('PUT', `${containers}/box`, { properties: { metadata: { a: 'b' } } })
  assert.equal(made.status, 201)
  const { etag, properties } = made.body
  assert.deepEqual(made.body, {
    id: `${containers}/box`,
    name: 'box',
    type: 'Microsoft.Storage/storageAccounts/blobServices/containers',
    etag,
    properties: {
      publicAccess: 'None',
      metadata: { a: 'b' },
      leaseStatus: 'Unlocked',
      leaseState: 'Available',
      lastModifiedTime: properties.lastModifiedTime,
      hasImmutabilityPolicy: false,
      hasLegalHold: false,
      defaultEncryptionScope: '$account-encryption-key',
      denyEncryptionScopeOverride: false,
      deleted: false,
    },
  })
  assert.deepEqual(await send('GET', `${containers}/box`), { status: 200, body: made.body })
  const list = '/box?restype=container&comp=list'
  assert.equal((await blob('GET', list)).status, 401)

  const patched = await send('PATCH', `${containers}/box`, { properties: { publicAccess: 'Container' } })
  assert.deepEqual([patched.status, patched.body.properties.publicAccess], [200, 'Container'])
  assert.deepEqual(patched.body.properties.metadata, { a: 'b' })
  assert.notEqual(patched.body.etag, etag)
  assert.equal((await blob('GET', list)).status, 200)
  assert.equal((await send('PATCH', `${containers}/other`, { properties: {} })).status, 404)
  assert.equal((await send('PUT', `${containers}/Bad--Name`, { properties: {} })).status, 400)

  for (const [metadata, code] of [
    [{ 'a b': 'x' }, 'InvalidMetadata'],
    [{ 'a><b': '1' }, 'InvalidMetadata'],
    [{ ok: 'x\ny' }, 'InvalidMetadata'],
    [{ ok: '☃' }, 'InvalidMetadata'],
    [{ '': 'x' }, 'EmptyMetadataKey'],
    [{ ok: 'x'.repeat(8 * 1024) }, 'MetadataTooLarge'],
  ] as const)
    for (const method of ['PUT', 'PATCH']) {
      const refused = await send(method, `${containers}/box`, { properties: { metadata } })
      assert.deepEqual([refused.status, refused.body.error.code], [400, code], JSON.stringify(metadata).slice(0, 20))
    }
  assert.deepEqual((await send('GET', `${containers}/box`)).body, patched.body)

  for (const name of ['box2', 'box3']) await send('PUT', `${containers}/${name}`, {})
  const names = ({ value }: { value: { name: string }[] }) => value.map(({ name }) => name)
  const first = (await send('GET', `${containers}?$top=2`)).body
  assert.deepEqual(names(first), ['box', 'box2'])
  const second = (await send('GET', first.nextLink)).body
  assert.deepEqual([names(second), second.nextLink], [['box3'], undefined])

  assert.equal((await send('DELETE', `${containers}/box`)).status, 200)
  assert.equal((await send('DELETE', `${containers}/box`)).status, 204)
  const gone = await send('GET', `${containers}/box`)
  assert.deepEqual([gone.status, gone.body.error.code], [404, 'ContainerNotFound'])
  assert.equal((await blob('GET', list)).status, 401)
  await send('PATCH', id, { properties: { allowBlobPublicAccess: false } })
  const refused = await send('PUT', `${containers}/open`, { properties: { publicAccess: 'Blob' } })
  assert.deepEqual([refused.status, refused.body.error.code], [409, 'PublicAccessNotPermitted'])
})

test('a change whose properties are no object, or name no address or subnet, changes nothing', async t => {
  const { send, id } = await opened(t)
  const before = await send('GET', id)
  const acls = (rules: Record<string, unknown>) => ({ networkAcls: { defaultAction: 'Deny', ...rules } })
  for (const properties of [
    'x',
    [1],
    acls({ ipRules: [{ value: '256.1.1.1' }] }),
    acls({ ipRules: [{ value: '127.0.0.1/33' }] }),
    acls({ virtualNetworkRules: [{ id: 'not-an-id' }] }),
  ])
    assert.equal((await send('PATCH', id, { properties })).status, 400, JSON.stringify(properties))
  assert.deepEqual(await send('GET', id), before)
  assert.equal((await send('PATCH', id, { properties: acls({ ipRules: [{ value: '10.0.0.0/8' }] }) })).status, 200)
})
