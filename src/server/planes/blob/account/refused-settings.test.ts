import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openStorage, storageAudience } from '../testing.ts'

test('what is not there cannot be switched on, wherever it is asked for', async t => {
  const { send, arm, id, lazuli } = await openStorage(t)
  const token = await lazuli.adminToken(storageAudience)
  const at = '/?restype=service&comp=properties'
  const set = async (inner: string) => {
    const { status, text } = await send('PUT', at, {
      token,
      body: `<StorageServiceProperties>${inner}</StorageServiceProperties>`,
    })
    return status === 202 ? status : [status, /<Code>(\w+)/.exec(text)?.[1], /<XmlNodeName>(\w+)/.exec(text)?.[1]]
  }
  const off = '<Enabled>false</Enabled>'
  const on = '<Enabled>true</Enabled>'
  const logging = (read: boolean) =>
    `<Logging><Version>1.0</Version><Delete>false</Delete><Read>${read}</Read><Write>false</Write><RetentionPolicy>${off}</RetentionPolicy></Logging>`
  assert.equal(
    await set(`${logging(false)}<HourMetrics>${off}</HourMetrics><StaticWebsite>${off}</StaticWebsite>`),
    202,
  )
  const refused = (name: string) => [400, 'UnsupportedXmlNode', name]
  assert.deepEqual(await set(logging(true)), refused('Logging'))
  for (const name of ['HourMetrics', 'MinuteMetrics', 'StaticWebsite'])
    assert.deepEqual(await set(`<${name}>${on}</${name}>`), refused(name))
  assert.deepEqual(await set('<DefaultServiceVersion>banana</DefaultServiceVersion>'), refused('DefaultServiceVersion'))
  assert.match((await send('GET', at, { token })).text, /<StaticWebsite><Enabled>false<\/Enabled><\/StaticWebsite>/)

  const service = async (properties: object) => (await arm('PUT', `${id}/blobServices/default`, { properties })).status
  assert.equal(
    await service({ changeFeed: { enabled: false }, containerDeleteRetentionPolicy: { enabled: false } }),
    200,
  )
  assert.equal(await service({ changeFeed: { enabled: true } }), 400)
  assert.equal(await service({ containerDeleteRetentionPolicy: { enabled: true, days: 7 } }), 400)
  assert.equal(await service({ restorePolicy: { enabled: true, days: 6 } }), 400)
  assert.equal(await service({ lastAccessTimeTrackingPolicy: { enable: true } }), 400)

  const account = async (properties: object) => (await arm('PATCH', id, { properties })).status
  assert.equal(await account({ encryption: { keySource: 'Microsoft.Storage', services: {} } }), 200)
  assert.equal(await account({ encryption: { keySource: 'Microsoft.Keyvault' } }), 400)
  assert.equal(await account({ immutableStorageWithVersioning: { enabled: true } }), 400)
  assert.equal(await account({ isSftpEnabled: true }), 400)

  await send('PUT', '/ctr?restype=container')
  const put = async (headers: Record<string, string>) => {
    const answer = await send('PUT', '/ctr/blob', { body: 'x', headers: { 'x-ms-blob-type': 'BlockBlob', ...headers } })
    return [answer.status, answer.headers.get('x-ms-error-code')]
  }
  assert.deepEqual(await put({ 'x-ms-legal-hold': 'true' }), [400, 'UnsupportedHeader'])
  assert.deepEqual(await put({ 'x-ms-immutability-policy-until-date': 'Wed, 01 Jan 2031 00:00:00 GMT' }), [
    400,
    'UnsupportedHeader',
  ])
  assert.deepEqual(await put({ 'x-ms-legal-hold': 'false' }), [201, null])
})
