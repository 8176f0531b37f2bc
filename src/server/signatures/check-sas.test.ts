import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkSas, type SasCheck } from './check-sas.ts'
import { sign } from './hmac.ts'
import { ipRange } from './ip-range.ts'
import { readQuery } from './query.ts'
import { isRefusal, readSas } from './sas.ts'
import { sasStringToSign } from './sas-string-to-sign.ts'
import { formatSasTime, parseSasTime } from './sas-time.ts'
import { key } from './testing-key.ts'

const place = { account: 'acct', container: 'c' }
const insisted = { headers: new Headers(), query: [] }
const now = Date.parse('2026-06-01T12:00:00Z')
const always = 'sv=2024-11-04&sr=c&sp=r&se=2026-06-02'

/** Signs the fields with the right key, so that only what they say can be wrong. */
function checkSigned(fields: string, over: Partial<SasCheck> = {}) {
  const unsigned = readSas(readQuery(`${fields}&sig=x`))
  if (!unsigned || isRefusal(unsigned)) assert.fail(fields)
  const signature = sign(key, sasStringToSign(unsigned, place, insisted) ?? '').toString('base64')
  const sas = readSas(readQuery(`${fields}&sig=${encodeURIComponent(signature)}`))
  if (!sas || isRefusal(sas)) assert.fail(fields)
  const check = { place, insisted, keys: [key], now, address: '127.0.0.1', protocol: 'https' as const }
  return checkSas(sas, { ...check, ...over })
}

const refusedFor = (detail: string) => ({ refusal: { code: 'AuthenticationFailed', detail } })
const frame =
  'Signature not valid in the specified time frame: Start [Mon, 01 Jun 2026 12:00:01 GMT] - ' +
  'Expiry [Tue, 02 Jun 2026 00:00:00 GMT] - Current [Mon, 01 Jun 2026 12:00:00 GMT]'
const malformed = refusedFor('Signature fields not well formed.')

const cases: [fields: string, over: Partial<SasCheck>, expected: unknown][] = [
  [always, {}, { permission: 'r' }],
  [`${always}&st=2026-06-01T12:00Z`, {}, { permission: 'r' }],
  [`${always}&st=2026-06-01T12:00:01Z`, {}, refusedFor(frame)],
  [`${always}&st=whenever`, {}, malformed],
  [always, { now: Date.parse('2026-06-01T23:59:59.999Z') }, { permission: 'r' }],
  [
    always,
    { now: Date.parse('2026-06-02') },
    refusedFor(
      'Signature not valid in the specified time frame: Expiry [Tue, 02 Jun 2026 00:00:00 GMT] - ' +
        'Current [Tue, 02 Jun 2026 00:00:00 GMT]',
    ),
  ],
  ['sv=2024-11-04&sr=c&sp=r', {}, refusedFor('se is mandatory. Cannot be empty')],
  ['sv=2024-11-04&sr=c&se=2026-06-02', {}, refusedFor('sp is mandatory. Cannot be empty')],
  [`${always}&spr=https`, { protocol: 'http' }, { refusal: { code: 'AuthorizationProtocolMismatch' } }],
  [`${always}&spr=https,http`, { protocol: 'http' }, { permission: 'r' }],
  [`${always}&spr=http`, { protocol: 'http' }, malformed],
  [always, { protocol: 'http' }, { permission: 'r' }],
  [`${always}&sip=10.0.0.1-10.0.0.9`, { address: '10.0.0.9' }, { permission: 'r' }],
  [`${always}&sip=10.0.0.1`, { address: '::ffff:10.0.0.1' }, { permission: 'r' }],
  [`${always}&sip=10.0.0.1-10.0.0.9`, { address: '10.0.0.10' }, { refusal: { code: 'AuthorizationSourceIPMismatch' } }],
  [`${always}&sip=10.0.0.1`, { address: '::1' }, { refusal: { code: 'AuthorizationSourceIPMismatch' } }],
  [`${always}&sip=10.0.0.0/8`, { address: '10.0.0.1' }, malformed],
  ['sv=2024-11-04&sr=c&si=p', { policy: { expiry: '2026-06-02', permission: 'rl' } }, { permission: 'rl' }],
  ['sv=2024-11-04&sr=c&si=p&sp=r', { policy: { expiry: '2026-06-02' } }, { permission: 'r' }],
  ['sv=2024-11-04&sr=c&si=p', {}, refusedFor("The stored access policy 'p' was not found.")],
  [
    'sv=2024-11-04&sr=c&si=p&sp=r',
    { policy: { expiry: '2026-06-02', permission: 'r' } },
    refusedFor('sp is given both in the signature and in the stored access policy.'),
  ],
  [
    'sv=2024-11-04&sr=c&si=p&sp=r',
    { policy: { start: '2026-06-01T12:00:01Z', expiry: '2026-06-02' } },
    refusedFor(frame),
  ],
]
for (const [fields, over, expected] of cases) {
  test(`${fields} ${JSON.stringify(over)} is ${JSON.stringify(expected)}`, () => {
    assert.deepEqual(checkSigned(fields, over), expected)
  })
}

test('a signature for a folder is good so many levels deep, and nowhere else', () => {
  const fields = 'sv=2024-11-04&sr=d&sdd=2&sp=r&se=2026-06-02'
  const folder = { ...place, blob: 'a/b' }
  const unsigned = readSas(readQuery(`${fields}&sig=x`))
  if (!unsigned || isRefusal(unsigned)) assert.fail()
  const text = sasStringToSign(unsigned, folder, insisted) ?? ''
  const signature = encodeURIComponent(sign(key, text).toString('base64'))
  const verdict = (blob: string) => {
    const sas = readSas(readQuery(`${fields}&sig=${signature}`))
    if (!sas || isRefusal(sas)) assert.fail()
    const check = { insisted, keys: [key], now, address: '127.0.0.1', protocol: 'https' as const }
    return 'permission' in checkSas(sas, { ...check, place: { ...place, blob } })
  }
  assert.deepEqual(['a/b', 'a/b/c/d', 'a', 'a/bc', 'b/a/b', ''].map(verdict), [true, true, false, false, false, false])
})

const times: [string, string | undefined][] = [
  ['2017-09-22', '2017-09-22T00:00:00.000Z'],
  ['2017-09-22T00:10Z', '2017-09-22T00:10:00.000Z'],
  ['2017-09-22T00:10:05Z', '2017-09-22T00:10:05.000Z'],
  ['2017-09-22T00:10:05.1234567Z', '2017-09-22T00:10:05.123Z'],
  ['2017-09-22T00:10:05', undefined],
  ['2017-02-30', undefined],
  ['2017-13-01', undefined],
  ['2017-09-22T25:00Z', undefined],
  ['2017-09-22T00:10:05.12345678Z', undefined],
  ['2017-09-22T00:10:05+02:00', undefined],
  ['22.09.2017', undefined],
  ['', undefined],
]
for (const [text, expected] of times) {
  test(`the time "${text}" is ${expected ?? 'none'}`, () => {
    const at = parseSasTime(text)
    assert.equal(at === undefined ? undefined : new Date(at).toISOString(), expected)
  })
}

test('times are written to the second', () => assert.equal(formatSasTime(now + 999), '2026-06-01T12:00:00Z'))

test('what is no range of addresses is none', () => {
  for (const text of ['', '10.0.0', '10.0.0.9-10.0.0.1', '::1', '10.0.0.1-10.0.0.2-10.0.0.3', '10.0.0.1-']) {
    assert.equal(ipRange(text), undefined, text)
  }
})
