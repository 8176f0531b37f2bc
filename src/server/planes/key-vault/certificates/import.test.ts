import assert from 'node:assert/strict'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { readBundle } from '../../../../certificate-bundle/bundle.ts'
import { readPfx } from '../../../../certificate-bundle/pfx/pfx.ts'
import { openTestAuthority } from '../../../../certificate-bundle/testing-authority.ts'
import { openVault } from '../testing-vault.ts'

const authority = openTestAuthority()
after(() => authority.close())
// The vaults of these tests are in a time to come.
authority.issue('web', { days: 3650 })
authority.issue('ec', { kind: 'ec', days: 3650 })
authority.issue('old', { days: 10 })
authority.openssl(
  'req',
  '-x509',
  '-newkey',
  'rsa:1024',
  '-nodes',
  '-days',
  '3650',
  '-subj',
  '/CN=weak',
  '-keyout',
  'weak.key',
  '-out',
  'weak.crt',
)
const [key, leaf, intermediate, root] = ['web.key', 'web.crt', 'intermediate.crt', 'root.crt'].map(authority.read)
const whole = `${key}${leaf}${intermediate}${root}`
const bytes = (file: string) => readFileSync(join(authority.folder, file))

function pfx(name: string, { password = '', of = 'web', options = [] as string[] } = {}): string {
  authority.write('chain.pem', `${intermediate}${root}`)
  const files = ['-inkey', `${of}.key`, '-in', `${of}.crt`, '-certfile', 'chain.pem', '-out', `${name}.pfx`]
  authority.openssl('pkcs12', '-export', ...files, '-passout', `pass:${password}`, ...options)
  return bytes(`${name}.pfx`).toString('base64')
}

type Case = { value: string; pwd?: string; contentType: string; subject?: string; length?: number }
const [inPem, inPfx] = ['application/x-pem-file', 'application/x-pkcs12']
const taken: Readonly<Record<string, () => Case>> = {
  'PEM as it is': () => ({ value: whole, contentType: inPem }),
  'PEM in base64': () => ({ value: Buffer.from(whole).toString('base64'), contentType: inPem }),
  'PEM with line ends of Windows': () => ({ value: whole.replaceAll('\n', '\r\n'), contentType: inPem }),
  'PEM in another order': () => ({ value: `${root}${intermediate}${leaf}${key}`, contentType: inPem }),
  'PEM with a certificate twice': () => ({ value: `${whole}${leaf}`, contentType: inPem }),
  'a key on a curve': () => ({
    value: authority.read('ec.key') + authority.read('ec.crt'),
    contentType: inPem,
    subject: 'CN=ec.example.test',
    length: 1,
  }),
  'a PFX without a password': () => ({ value: pfx('none'), contentType: inPfx }),
  'a PFX with a password': () => ({ value: pfx('some', { password: 'geheim' }), pwd: 'geheim', contentType: inPfx }),
  'a PFX in the way of old Windows': () => ({
    value: pfx('legacy', { password: 'x', options: ['-legacy'] }),
    pwd: 'x',
    contentType: inPfx,
  }),
}
for (const [what, wish] of Object.entries(taken)) {
  test(`an import takes ${what}`, async t => {
    const { ask } = await openVault(t)
    const { value, pwd, contentType, subject = 'CN=web.example.test', length = 3 } = wish()
    const imported = await ask('POST', '/certificates/a/import', {
      body: { value, ...(pwd ? { pwd } : {}), tags: { a: 'b' } },
    })
    assert.equal(imported.status, 200, JSON.stringify(imported.body))
    const { cer, policy, attributes } = imported.body as Bundle
    const certificate = new X509Certificate(Buffer.from(cer, 'base64'))
    assert.equal(policy.x509_props.subject, subject)
    assert.deepEqual(policy.x509_props.sans, { dns_names: [subject.slice(3)] })
    assert.deepEqual(
      [policy.issuer, policy.secret_props, policy.x509_props.ekus],
      [{ name: 'Unknown' }, { contentType }, ['1.3.6.1.5.5.7.3.1']],
    )
    assert.equal(attributes.exp, Date.parse(certificate.validTo) / 1000)
    const secret = (await ask('GET', '/secrets/a')).body as { value: string; contentType: string; tags: object }
    const bundle = await readBundle(secret.value, async (file, password) => readPfx(Buffer.from(file), password))
    assert.deepEqual([secret.contentType, secret.tags, bundle.chain.length], [contentType, { a: 'b' }, length])
    assert.deepEqual(bundle.chain[0].raw, certificate.raw)
  })
}
type Bundle = {
  cer: string
  attributes: { exp: number }
  policy: {
    x509_props: { subject: string; sans: object; ekus: string[] }
    issuer: object
    secret_props: object
    key_props: object
  }
}

const refused: readonly [what: string, body: () => object, message: RegExp][] = [
  ['something else', () => ({ value: 'hello' }), /We could not parse the provided certificate/],
  ['a certificate without its key', () => ({ value: `${leaf}` }), /Private key is not specified/],
  [
    'the key of another certificate',
    () => ({ value: authority.read('ec.key') + leaf }),
    /does not match the public part/,
  ],
  ['an expired certificate', () => ({ value: authority.read('old.key') + authority.read('old.crt') }), /has expired/],
  [
    'a key that is too short',
    () => ({ value: authority.read('weak.key') + authority.read('weak.crt') }),
    /is not supported/,
  ],
  [
    'a wrong password',
    () => ({ value: pfx('some', { password: 'geheim' }), pwd: 'falsch' }),
    /password is not correct/,
  ],
  ['a torn PFX', () => ({ value: pfx('none').slice(0, 400) }), /We could not parse|can not be read/],
  ['a password that is too long', () => ({ value: whole, pwd: 'x'.repeat(201) }), /Property pwd/],
  ['no value', () => ({}), /Property value/],
]
for (const [what, body, message] of refused) {
  test(`an import refuses ${what}, and nothing is left of it`, async t => {
    const { ask } = await openVault(t)
    const answer = await ask('POST', '/certificates/a/import', { body: body() })
    const { code, message: said } = (answer.body as { error: { code: string; message: string } }).error
    assert.deepEqual([answer.status, code], [400, 'BadParameter'])
    assert.match(said, message)
    for (const kind of ['certificates', 'keys', 'secrets']) assert.equal((await ask('GET', `/${kind}/a`)).status, 404)
    assert.equal((await ask('PUT', '/secrets/a', { body: { value: 'x' } })).status, 200)
  })
}

test('an import goes by the policy that comes with it, and keeps the order that is asked for', async t => {
  const { ask } = await openVault(t)
  const policy = { key_props: { exportable: false, reuse_key: true }, secret_props: { contentType: inPem } }
  const imported = await ask('POST', '/certificates/a/import', { body: { value: pfx('none'), policy } })
  assert.deepEqual((imported.body as Bundle).policy.key_props, {
    exportable: false,
    kty: 'RSA',
    key_size: 2048,
    reuse_key: true,
  })
  const { value } = (await ask('GET', '/secrets/a')).body as { value: string }
  assert.equal(value.match(/BEGIN CERTIFICATE/g)?.length, 3)
  assert.doesNotMatch(value, /PRIVATE KEY/)

  const body = { value: `${root}${intermediate}${leaf}${key}`, preserveCertOrder: true }
  const kept = await ask('POST', '/certificates/b/import?api-version=7.6', { body })
  assert.equal((kept.body as { preserveCertOrder: boolean }).preserveCertOrder, true)
  const inOrder = (await ask('GET', '/secrets/b')).body as { value: string }
  const subjects = inOrder.value
    .match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n/g)
    ?.map(pem => new X509Certificate(pem).subject)
  assert.deepEqual(subjects, ['CN=Root', 'CN=Intermediate', 'CN=web.example.test'])
})

type Secret = { value: string; contentType: string; id: string }

test('a secret in PKCS #12 is given out in PEM to who asks for that, and nothing else is converted', async t => {
  const { ask } = await openVault(t)
  const get = (name: string, query: string) => ask('GET', `/secrets/${name}?${query}`)
  const pem = 'api-version=2025-07-01&outContentType=application%2Fx-pem-file'
  const inTurn = `${key}${leaf}${intermediate}${root}`
  const refusal = async (name: string, query: string) => {
    const { status, body } = await get(name, query)
    const { code, message } = (body as { error: { code: string; message: string } }).error
    assert.deepEqual([status, code], [400, 'BadParameter'])
    return message
  }
  await ask('POST', '/certificates/a/import', { body: { value: pfx('none') } })
  const plain = (await ask('GET', '/secrets/a')).body as Secret
  const converted = await get('a', pem)
  assert.deepEqual(converted.body, { ...plain, contentType: inPem, value: (converted.body as Secret).value })
  assert.equal(normal((converted.body as Secret).value), normal(inTurn))
  const version = plain.id.split('/').at(-1)
  assert.deepEqual((await get(`a/${version}`, pem)).body, converted.body)
  // Versions that do not know it let it be, and so does who asks for what it is in.
  assert.deepEqual((await get('a', 'api-version=7.4&outContentType=application/x-pem-file')).body, plain)
  assert.deepEqual((await get('a', 'api-version=2025-07-01&outContentType=application/x-pkcs12')).body, plain)

  const notExportable = { key_props: { exportable: false } }
  await ask('POST', '/certificates/b/import', { body: { value: pfx('none'), policy: notExportable } })
  assert.equal(normal(((await get('b', pem)).body as Secret).value), normal(`${leaf}${intermediate}${root}`))
  await ask('PUT', '/secrets/uploaded', { body: { value: pfx('none'), contentType: inPfx } })
  assert.equal(normal(((await get('uploaded', pem)).body as Secret).value), normal(inTurn))

  await ask('POST', '/certificates/c/import', { body: { value: whole } })
  const wanted = `cannot be converted to '${inPfx}'. Only ${inPfx} can be, to ${inPem}.`
  assert.equal(
    await refusal('c', 'api-version=2025-07-01&outContentType=application/x-pkcs12'),
    `Parameter outContentType has invalid value: the content type '${inPem}' ${wanted}`,
  )
  assert.match(
    await refusal('a', 'api-version=2025-07-01&outContentType=text/html'),
    /cannot be converted to 'text\/html'/,
  )
  await ask('PUT', '/secrets/text', { body: { value: 'x' } })
  assert.match(await refusal('text', pem), /the content type '' cannot be converted/)
  await ask('PUT', '/secrets/torn', { body: { value: pfx('none').slice(0, 400), contentType: inPfx } })
  assert.match(await refusal('torn', pem), /^The secret cannot be converted to application\/x-pem-file\. /)
})

/** The key in PKCS #8, and no line that is not part of a block. */
function normal(text: string): string {
  const blocks = text.match(/-----BEGIN [^-]+-----[^-]+-----END [^-]+-----/g) ?? []
  return blocks
    .map(block =>
      block.includes('PRIVATE') ? createPrivateKey(block).export({ type: 'pkcs8', format: 'pem' }) : block,
    )
    .map(block => block.toString().replaceAll(/\s/g, ''))
    .join('\n')
}
