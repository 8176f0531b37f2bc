import assert from 'node:assert/strict'
import { test } from 'node:test'
import { attestedAnswer, attestedContent } from './attested.ts'
import { parseQuery } from './query.ts'
import { machine } from './testing-machine.ts'

const now = Date.UTC(2018, 10, 28, 20, 16, 17)
const compute = { location: 'westeurope', vmSize: 'Standard_B2s', sku: '12-gen2', plan: { name: 'free' } }
const of = machine({ instance: { compute, network: {} } })

const oldest = {
  nonce: '20181128-201617',
  plan: { name: 'free', product: '', publisher: '' },
  timeStamp: { createdOn: '11/28/18 20:16:17 -0000', expiresOn: '11/29/18 02:16:17 -0000' },
  vmId: '02aab8a4-74ef-476e-8182-f6d2ba4166a6',
}
const subscriptionId = '8d10da13-8125-4ba9-a717-bf7490507b3d'

const contents: [version: string, expected: object][] = [
  ['2018-10-01', oldest],
  ['2019-03-11', oldest],
  ['2019-04-30', { ...oldest, subscriptionId }],
  ['2019-11-01', { ...oldest, subscriptionId, sku: '12-gen2' }],
  ['2020-09-01', { ...oldest, subscriptionId, sku: '12-gen2', licenseType: '' }],
  ['2025-04-07', { ...oldest, subscriptionId, sku: '12-gen2', licenseType: '' }],
]

for (const [version, expected] of contents) {
  test(`the attested document of ${version} has the fields of its day and lives six hours`, () => {
    assert.deepEqual(attestedContent(of, version, undefined, now), expected)
  })
}

/** Signs by putting the content itself where the signature goes. */
const ask = async (query: string) => {
  const parts = { clock: { now: () => now }, signAttested: async (content: string) => Buffer.from(content) }
  const { status, body } = await attestedAnswer(parseQuery(query), of, parts)
  return { status, body: JSON.parse(body) as { encoding: string; signature: string } }
}

test('the answer carries the signed content in base64', async () => {
  const { status, body } = await ask('api-version=2018-10-01&nonce=1234567890')
  assert.deepEqual([status, body.encoding, Object.keys(body)], [200, 'pkcs7', ['encoding', 'signature']])
  assert.deepEqual(JSON.parse(Buffer.from(body.signature, 'base64').toString()), { ...oldest, nonce: '1234567890' })
})

for (const nonce of ['1', '1234567890', 'aZ09'.repeat(8)]) {
  test(`the nonce ${nonce} is signed`, async () => {
    const { body } = await ask(`api-version=2025-04-07&nonce=${nonce}`)
    assert.equal(JSON.parse(Buffer.from(body.signature, 'base64').toString()).nonce, nonce)
  })
}

for (const nonce of ['a'.repeat(33), 'a-b', 'a%20b', '%C3%A9', '%22', 'a%2Fb']) {
  test(`the nonce ${nonce} is refused`, async () => {
    await assert.rejects(ask(`api-version=2025-04-07&nonce=${nonce}`), {
      message: "Query variable 'nonce' is invalid: up to 32 letters and digits are allowed",
    })
  })
}

for (const query of ['', 'api-version=2018-04-02', 'api-version=2018-10-02']) {
  test(`the query "${query}" is refused for its api-version`, async () => {
    await assert.rejects(ask(query), /^Error: Bad request\. api-version is invalid/)
  })
}
