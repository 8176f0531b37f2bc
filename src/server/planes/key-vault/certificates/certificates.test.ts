import assert from 'node:assert/strict'
import { createHash, createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import { readBundle } from '../../../../certificate-bundle/bundle.ts'
import { readPfx } from '../../../../certificate-bundle/pfx/pfx.ts'
import { type Asked, beginning as at, openVault } from '../testing-vault.ts'

type Bundle = {
  id: string
  kid: string
  sid: string
  x5t: string
  cer: string
  attributes: Record<string, unknown>
  policy: Record<string, unknown>
}
type Vault = Awaited<ReturnType<typeof openVault>>

const origin = 'https://safe.vault.azure.net'
const bundleOf = ({ body }: Asked) => body as Bundle
const secretIn = ({ body }: Asked) => (body as { value: string }).value
const versionOf = (asked: Asked) => bundleOf(asked).id.split('/').at(-1) ?? ''
const leafOf = (asked: Asked) => new X509Certificate(Buffer.from(bundleOf(asked).cer, 'base64'))
const bundleIn = (asked: Asked) =>
  readBundle(secretIn(asked), async (pfx, password) => readPfx(Buffer.from(pfx), password))
const refusal = ({ status, body }: Asked) => {
  const { code, message } = (body as { error: { code: string; message: string } }).error
  return [status, code, message]
}

const recovery = { recoveryLevel: 'Recoverable+Purgeable', recoverableDays: 90 }
const self = { x509_props: { subject: 'cn=MyCert', sans: {} }, issuer: { name: 'Self' } }
const onCurve = { kty: 'EC', crv: 'P-256' }

const create = (vault: Vault, name: string, policy: object, rest: object = {}) =>
  vault.ask('POST', `/certificates/${name}/create`, { body: { policy, ...rest } })

test('a self-signed certificate is made as Azure makes it', async t => {
  const { ask, ...vault } = await openVault(t)
  const made = await create({ ask, ...vault }, 'Web', self, { tags: { a: 'b' } })
  const { csr, request_id } = made.body as { csr: string; request_id: string }
  const pending = {
    id: `${origin}/certificates/Web/pending`,
    issuer: { name: 'Self' },
    csr,
    cancellation_requested: false,
  }
  assert.deepEqual(
    [made.status, made.headers.get('location'), made.headers.get('retry-after')],
    [202, `${origin}/certificates/Web/pending?api-version=7.4&request_id=${request_id}`, '10'],
  )
  assert.deepEqual(made.body, {
    ...pending,
    status: 'inProgress',
    status_details:
      'Pending certificate created. Certificate request is in progress. This may take some time based on the issuer provider. Please check again later.',
    request_id,
  })
  assert.deepEqual((await ask('GET', '/certificates/web/pending')).body, {
    ...pending,
    status: 'completed',
    target: `${origin}/certificates/Web`,
    request_id,
  })

  const got = await ask('GET', '/certificates/web/')
  const version = versionOf(got)
  const leaf = leafOf(got)
  const policy = {
    id: `${origin}/certificates/Web/policy`,
    key_props: { exportable: true, kty: 'RSA', key_size: 2048, reuse_key: false },
    secret_props: { contentType: 'application/x-pkcs12' },
    x509_props: {
      subject: 'cn=MyCert',
      sans: {},
      ekus: ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'],
      key_usage: ['digitalSignature', 'keyEncipherment'],
      validity_months: 12,
      basic_constraints: { ca: false },
    },
    lifetime_actions: [{ trigger: { lifetime_percentage: 80 }, action: { action_type: 'AutoRenew' } }],
    issuer: { name: 'Self' },
    attributes: { enabled: true, created: at, updated: at },
  }
  const attributes = { enabled: true, nbf: at - 600, exp: at + 365 * 86_400, created: at, updated: at, ...recovery }
  assert.deepEqual(got.body, {
    id: `${origin}/certificates/Web/${version}`,
    kid: `${origin}/keys/Web/${version}`,
    sid: `${origin}/secrets/Web/${version}`,
    x5t: createHash('sha1').update(leaf.raw).digest('base64url'),
    cer: leaf.raw.toString('base64'),
    attributes,
    tags: { a: 'b' },
    policy,
    pending: { id: `${origin}/certificates/Web/pending` },
  })
  assert.deepEqual((await ask('GET', '/certificates/web/policy')).body, policy)
  assert.equal(leaf.verify(leaf.publicKey), true)

  const secret = await ask('GET', '/secrets/web')
  const { chain, key } = await bundleIn(secret)
  assert.deepEqual(secret.body, {
    value: secretIn(secret),
    id: `${origin}/secrets/Web/${version}`,
    contentType: 'application/x-pkcs12',
    attributes,
    tags: { a: 'b' },
    kid: `${origin}/keys/Web/${version}`,
    managed: true,
  })
  assert.deepEqual(
    chain.map(one => one.raw),
    [leaf.raw],
  )
  const jwk = createPublicKey(key).export({ format: 'jwk' })
  assert.deepEqual((await ask('GET', '/keys/web')).body, {
    key: {
      kid: `${origin}/keys/Web/${version}`,
      kty: 'RSA',
      key_ops: ['sign', 'verify', 'wrapKey', 'unwrapKey'],
      n: jwk.n,
      e: jwk.e,
    },
    attributes: { ...attributes, exportable: false },
    tags: { a: 'b' },
    managed: true,
  })
})

test('a certificate of the built-in authority comes with its issuer and a root', async t => {
  const vault = await openVault(t)
  const policy = {
    x509_props: { subject: 'CN=www.example.com' },
    key_props: onCurve,
    secret_props: { contentType: 'application/x-pem-file' },
    issuer: { name: 'lazuli' },
  }
  assert.equal((await create(vault, 'a', policy)).status, 202)
  const value = secretIn(await vault.ask('GET', '/secrets/a'))
  const { chain } = await bundleIn(await vault.ask('GET', '/secrets/a'))
  const [leaf, issuer, root] = chain
  assert.match(value, /^-----BEGIN PRIVATE KEY-----\n/)
  assert.deepEqual(
    value
      .match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n/g)
      ?.map(pem => new X509Certificate(pem).subject),
    chain.map(({ subject }) => subject),
  )
  assert.equal(leaf.subjectAltName, 'DNS:www.example.com')
  assert.ok(issuer && root && chain.length === 3)
  assert.equal(leaf.verify(issuer.publicKey) && issuer.verify(root.publicKey) && root.verify(root.publicKey), true)

  // The same root for every vault and certificate.
  await create(vault, 'b', policy)
  const other = await bundleIn(await vault.ask('GET', '/secrets/b'))
  assert.deepEqual(other.chain.at(-1)?.raw, root.raw)
})

test('a key that is not exportable stays in the vault', async t => {
  const vault = await openVault(t)
  for (const [name, contentType] of [
    ['pfx', 'application/x-pkcs12'],
    ['pem', 'application/x-pem-file'],
  ]) {
    const policy = { ...self, key_props: { ...onCurve, exportable: false }, secret_props: { contentType } }
    await create(vault, String(name), policy)
    await assert.rejects(bundleIn(await vault.ask('GET', `/secrets/${name}`)), { reason: 'no-private-key' })
  }
})

test('a key is used again when the policy says so, and made anew otherwise', async t => {
  const vault = await openVault(t)
  const keyOf = async () =>
    leafOf(await vault.ask('GET', '/certificates/a')).publicKey.export({ type: 'spki', format: 'pem' })
  await create(vault, 'a', { ...self, key_props: { ...onCurve, reuse_key: true } })
  const first = await keyOf()
  await vault.ask('POST', '/certificates/a/create', { body: {} })
  const second = await keyOf()
  await create(vault, 'a', { ...self, key_props: onCurve })
  assert.deepEqual([second === first, (await keyOf()) === first], [true, false])
  const versions = (await vault.ask('GET', '/certificates/a/versions')).body as { value: { id: string }[] }
  assert.equal(versions.value.length, 3)
})

test('what somebody else issues is brought by hand', async t => {
  const vault = await openVault(t)
  const { ask } = vault
  const made = await create(vault, 'a', { x509_props: { subject: 'CN=a' }, key_props: onCurve })
  assert.deepEqual(
    (made.body as { status_details: string }).status_details,
    'Pending certificate created. Please Perform Merge to complete the request.',
  )
  const shown = await ask('GET', '/certificates/a')
  const version = versionOf(shown)
  assert.deepEqual(Object.keys(bundleOf(shown)), ['id', 'attributes', 'policy', 'pending'])
  assert.deepEqual(bundleOf(shown).attributes, { enabled: false, created: at, updated: at, ...recovery })
  assert.deepEqual((await ask('GET', '/certificates')).body, { value: [], nextLink: null })
  assert.equal(((await ask('GET', '/certificates?includePending=true')).body as { value: [] }).value.length, 1)
  assert.deepEqual(refusal(await create(vault, 'a', self)), [
    409,
    'Conflict',
    "A new key vault certificate can not be created or imported while a pending key vault certificate's status is inProgress.",
  ])
  assert.equal((await ask('PUT', '/secrets/a', { body: { value: 'x' } })).status, 403)

  // Of another key.
  await create(vault, 'other', { ...self, key_props: onCurve })
  const { cer } = bundleOf(await ask('GET', '/certificates/other'))
  assert.deepEqual(refusal(await ask('POST', '/certificates/a/pending/merge', { body: { x5c: [cer] } })), [
    400,
    'BadParameter',
    'The public key of the end-entity certificate in the specified X.509 certificate content does not match the public part of the specified private key. Please check if certificate is valid.',
  ])

  const issued = await issueFor(vault, (made.body as { csr: string }).csr)
  const merged = await ask('POST', '/certificates/a/pending/merge', { body: { x5c: issued, tags: { by: 'hand' } } })
  assert.deepEqual([merged.status, merged.headers.get('location')], [201, `${origin}/certificates/a?api-version=7.4`])
  assert.deepEqual(
    [versionOf(merged), bundleOf(merged).cer, bundleOf(merged).attributes.enabled],
    [version, issued[0], true],
  )
  assert.deepEqual((await ask('GET', '/certificates/a')).body, merged.body)
  assert.equal((await bundleIn(await ask('GET', '/secrets/a'))).chain.length, 3)
  assert.deepEqual(refusal(await ask('POST', '/certificates/a/pending/merge', { body: { x5c: issued } })).slice(0, 2), [
    404,
    'PendingCertificateNotFound',
  ])
})

/** Signs a request as an authority outside would. */
async function issueFor({ parts }: Vault, csr: string): Promise<string[]> {
  const pkijs = await import('pkijs')
  const { subjectPublicKeyInfo } = pkijs.CertificationRequest.fromBER(Buffer.from(csr, 'base64'))
  const publicKey = createPublicKey({
    key: Buffer.from(subjectPublicKeyInfo.toSchema().toBER()),
    type: 'spki',
    format: 'der',
  })
  const { openIssuingAuthority } = await import('../../../certificates/issuing-authority.ts')
  const { noAlternativeNames } = await import('../../../certificates/profile.ts')
  const authority = openIssuingAuthority(parts)
  const profile = {
    subject: 'CN=a',
    alternativeNames: noAlternativeNames,
    purposes: [],
    usages: [],
    isAuthority: false,
  }
  const validity = { notBeforeMs: at * 1000, notAfterMs: (at + 90 * 86_400) * 1000 }
  return (await authority.issue(profile, { ...validity, publicKey })).map(({ raw }) => raw.toString('base64'))
}

test('a pending certificate is cancelled, deleted and forgotten', async t => {
  const vault = await openVault(t)
  const { ask } = vault
  const made = await create(vault, 'a', { x509_props: { subject: 'CN=a' }, key_props: onCurve })
  const body = made.body as { request_id: string }
  assert.equal((await ask('GET', '/certificates/a/pending?request_id=0')).status, 404)
  assert.equal((await ask('GET', `/certificates/a/pending?request_id=${body.request_id}`)).status, 200)
  const cancelled = await ask('PATCH', '/certificates/a/pending', { body: { cancellation_requested: true } })
  assert.deepEqual(cancelled.body, { ...body, cancellation_requested: true })
  const vaultOf = { name: 'safe', id: { text: vault.vaultId } }
  await vault.parts.certificateWork.attend(vaultOf, 'a')
  assert.equal(((await ask('GET', '/certificates/a/pending')).body as { status: string }).status, 'cancelled')
  assert.equal((await ask('PATCH', '/certificates/a/pending', { body: { cancellation_requested: true } })).status, 400)
  assert.equal((await ask('DELETE', '/certificates/a/pending')).status, 200)
  assert.deepEqual(refusal(await ask('GET', '/certificates/a/pending')), [
    404,
    'PendingCertificateNotFound',
    'Pending certificate not found: a',
  ])
  assert.equal('pending' in bundleOf(await ask('GET', '/certificates/a')), false)
  assert.equal((await create(vault, 'a', self)).status, 202)
  assert.equal(bundleOf(await ask('GET', '/certificates/a')).attributes.enabled, true)
})

test('attributes, tags and policy are changed, and key and secret follow', async t => {
  const vault = await openVault(t)
  const { ask } = vault
  await create(vault, 'a', { ...self, key_props: onCurve })
  vault.forwardBy(5)
  const changed = await ask('PATCH', '/certificates/a/', {
    body: { attributes: { enabled: false }, tags: { x: 'y' }, policy: { x509_props: { validity_months: 3 } } },
  })
  assert.deepEqual(
    [
      bundleOf(changed).attributes.enabled,
      bundleOf(changed).attributes.updated,
      (changed.body as { tags: object }).tags,
    ],
    [false, at + 5, { x: 'y' }],
  )
  assert.equal(
    (changed.body as { policy: { x509_props: { validity_months: number } } }).policy.x509_props.validity_months,
    3,
  )
  assert.deepEqual((await ask('GET', '/certificates/a')).body, changed.body)
  assert.deepEqual(refusal(await ask('GET', '/secrets/a')), [
    403,
    'Forbidden',
    'Operation get is not allowed on a disabled secret.',
  ])
  assert.deepEqual((await ask('GET', '/keys/a/versions')).status, 200)
  const policy = await ask('PATCH', '/certificates/a/policy', { body: { key_props: { kty: 'RSA' } } })
  assert.deepEqual((policy.body as { key_props: object }).key_props, {
    exportable: true,
    kty: 'RSA',
    key_size: 2048,
    reuse_key: false,
  })
})

test('a certificate goes and comes back with its key and secret, and is backed up with them', async t => {
  const vault = await openVault(t)
  const { ask } = vault
  await create(vault, 'a', { ...self, key_props: onCurve })
  const { value } = (await ask('POST', '/certificates/a/backup')).body as { value: string }
  const secret = secretIn(await ask('GET', '/secrets/a'))
  const deleted = await ask('DELETE', '/certificates/a')
  assert.deepEqual((deleted.body as { recoveryId: string }).recoveryId, `${origin}/deletedcertificates/a`)
  for (const kind of ['certificates', 'secrets', 'keys']) assert.equal((await ask('GET', `/${kind}/a`)).status, 404)
  assert.equal((await create(vault, 'a', self)).status, 409)
  assert.equal((await ask('POST', '/deletedcertificates/a/recover')).status, 200)
  assert.equal(secretIn(await ask('GET', '/secrets/a')), secret)
  await ask('DELETE', '/certificates/a')
  assert.equal((await ask('DELETE', '/deletedcertificates/a')).status, 204)
  assert.equal((await ask('POST', '/certificates/restore', { body: { value } })).status, 200)
  assert.equal(secretIn(await ask('GET', '/secrets/a')), secret)
  assert.equal((await ask('GET', '/keys/a')).status, 200)
})

test('a name that a secret or key has is not taken, and one that a certificate has is not given', async t => {
  const vault = await openVault(t)
  await vault.ask('PUT', '/secrets/a', { body: { value: 'x' } })
  assert.equal((await create(vault, 'a', self)).status, 409)
  assert.equal((await vault.ask('GET', '/certificates/a?includePending=true')).status, 404)
  await create(vault, 'b', { ...self, key_props: onCurve })
  assert.equal((await vault.ask('PUT', '/secrets/b', { body: { value: 'x' } })).status, 403)
  assert.equal((await vault.ask('POST', '/keys/b/create', { body: { kty: 'EC' } })).status, 403)
})

test('the key and secret of a certificate are changed through the certificate and in no other way', async t => {
  const vault = await openVault(t)
  await create(vault, 'a', { ...self, key_props: onCurve })
  const before = await vault.ask('GET', '/secrets/a')
  const cases: [method: string, path: string, operation: string, body?: object][] = [
    ['DELETE', '/secrets/a', 'delete'],
    ['PATCH', '/secrets/a', 'update', { attributes: { enabled: false } }],
    ['PUT', '/secrets/a', 'set', { value: 'x' }],
    ['POST', '/secrets/a/backup', 'backup'],
    ['DELETE', '/keys/a', 'delete'],
    ['PATCH', '/keys/a', 'update', { attributes: { enabled: false } }],
    ['POST', '/keys/a/create', 'create', { kty: 'EC' }],
    ['POST', '/keys/a/backup', 'backup'],
    ['POST', '/keys/a/rotate', 'rotate'],
    ['PUT', '/keys/a/rotationpolicy', 'setrotationpolicy', {}],
  ]
  const refused = async ([method, path, operation, body]: (typeof cases)[number]) => {
    const kind = path.includes('keys/') ? 'key' : 'secret'
    const answer = await vault.ask(method, path, body ? { body } : {})
    assert.deepEqual([answer.status, answer.body], [403, isManaged(kind, operation)], `${method} ${path}`)
  }
  for (const one of cases) await refused(one)
  assert.deepEqual((await vault.ask('GET', '/secrets/a')).body, before.body)
  await vault.ask('DELETE', '/certificates/a')
  for (const kind of ['secrets', 'keys']) {
    await refused(['POST', `/deleted${kind}/a/recover`, 'recover'])
    await refused(['DELETE', `/deleted${kind}/a`, 'purge'])
  }
})

const isManaged = (kind: 'key' | 'secret', operation: string) => ({
  error: {
    code: 'Forbidden',
    message: `Operation "${operation}" is not allowed on this ${kind}, since it is associated with a certificate. Perform the operation on the corresponding certificate. For more information refer to https://docs.microsoft.com/en-us/azure/key-vault/certificates/about-certificates#composition-of-a-certificate`,
    innererror: { code: kind === 'key' ? 'KeyManagedByKeyVault' : 'SecretManagedByKeyVault' },
  },
})

test('no certificate takes a name under which something else is found', async t => {
  const vault = await openVault(t)
  for (const name of ['contacts', 'Issuers']) {
    assert.deepEqual(refusal(await create(vault, name, self)), [
      400,
      'BadParameter',
      `The request URI contains an invalid name: ${name}`,
    ])
    assert.equal((await vault.ask('POST', `/certificates/${name}/import`, { body: { value: 'x' } })).status, 400)
  }
  assert.equal((await vault.ask('PUT', '/secrets/issuers', { body: { value: 'x' } })).status, 200)
})

test('a right to certificates is enough to make one, and not to read its key', async t => {
  const vault = await openVault(t)
  const officer = await vault.principal({
    roles: [{ role: 'Key Vault Certificates Officer', scope: vault.vaultId }],
    audience: 'https://vault.azure.net',
  })
  const token = officer.token
  const made = await vault.ask('POST', '/certificates/a/create', {
    body: { policy: { ...self, key_props: onCurve } },
    token,
  })
  assert.equal(made.status, 202)
  assert.equal((await vault.ask('GET', '/certificates/a', { token })).status, 200)
  assert.equal((await vault.ask('GET', '/secrets/a', { token })).status, 403)
})

test('issuers are kept without their password being shown', async t => {
  const { ask } = await openVault(t)
  const admin = { first_name: 'John', last_name: 'Doe', email: 'admin@example.com', phone: '4255555555' }
  const body = {
    provider: 'Test',
    credentials: { account_id: 'keyvaultuser', pwd: 'secret word' },
    org_details: { id: 'org', admin_details: [admin] },
  }
  const shown = {
    id: `${origin}/certificates/issuers/Mine`,
    provider: 'Test',
    credentials: { account_id: 'keyvaultuser' },
    org_details: { id: 'org', admin_details: [admin] },
    attributes: { enabled: true, created: at, updated: at },
  }
  assert.deepEqual((await ask('PUT', '/certificates/issuers/Mine', { body })).body, shown)
  assert.deepEqual((await ask('GET', '/certificates/issuers/mine')).body, shown)
  assert.deepEqual((await ask('GET', '/certificates/issuers')).body, {
    value: [{ id: shown.id, provider: 'Test' }],
    nextLink: null,
  })
  const changed = await ask('PATCH', '/certificates/issuers/mine', { body: { attributes: { enabled: false } } })
  assert.deepEqual(changed.body, { ...shown, attributes: { ...shown.attributes, enabled: false } })
  assert.deepEqual((await ask('DELETE', '/certificates/issuers/mine')).body, changed.body)
  assert.equal((await ask('GET', '/certificates/issuers/mine')).status, 404)
  for (const name of ['Self', 'unknown', 'Lazuli'])
    assert.equal((await ask('PUT', `/certificates/issuers/${name}`, { body })).status, 400)
  const acme = { provider: 'ACME', org_details: { id: 'http://acme.example.com/directory' } }
  assert.equal((await ask('PUT', '/certificates/issuers/acme', { body: acme })).status, 400)
})

test('an issuer that cannot be asked fails the certificate and says why', async t => {
  const vault = await openVault(t)
  const { ask } = vault
  assert.equal((await create(vault, 'a', { ...self, issuer: { name: 'mine' } })).status, 400)
  await ask('PUT', '/certificates/issuers/mine', { body: { provider: 'Test' } })
  assert.equal((await create(vault, 'a', { ...self, key_props: onCurve, issuer: { name: 'mine' } })).status, 202)
  const { status, error } = await ended(vault, 'a')
  assert.deepEqual(
    [status, error],
    [
      'failed',
      { code: 'Certificate issuer error', message: 'The provider Test cannot be asked from here: only ACME can' },
    ],
  )
})

/** The issuer is asked in the background. */
async function ended({ ask }: Vault, name: string): Promise<{ status: string; error?: object }> {
  for (;;) {
    const pending = (await ask('GET', `/certificates/${name}/pending`)).body as { status: string; error?: object }
    if (pending.status !== 'inProgress') return pending
  }
}

test('contacts are set, read and taken away', async t => {
  const { ask } = await openVault(t)
  const contacts = [{ email: 'a@a.com', name: 'a', phone: '111111111111' }, { email: 'b@b.com' }]
  const body = { id: `${origin}/certificates/contacts`, contacts }
  const none = [404, 'ContactsNotFound', 'Contacts not found']
  assert.deepEqual(refusal(await ask('GET', '/certificates/contacts')), none)
  assert.deepEqual((await ask('PUT', '/certificates/contacts', { body: { contacts } })).body, body)
  assert.deepEqual((await ask('GET', '/certificates/contacts')).body, body)
  assert.deepEqual((await ask('DELETE', '/certificates/contacts')).body, body)
  assert.deepEqual(refusal(await ask('DELETE', '/certificates/contacts')), none)
})

test('the private key never leaves by the certificate or the key', async t => {
  const vault = await openVault(t)
  await create(vault, 'a', { ...self, key_props: onCurve })
  const { key } = await bundleIn(await vault.ask('GET', '/secrets/a'))
  const { d } = createPrivateKey(key.export({ type: 'pkcs8', format: 'pem' })).export({ format: 'jwk' })
  const answers = ['/certificates/a', '/certificates/a/pending', '/keys/a', '/certificates/a/policy']
  for (const path of answers)
    assert.doesNotMatch(JSON.stringify((await vault.ask('GET', path)).body), new RegExp(String(d)))
})

test('the root of the built-in authority is there for who may read it', async t => {
  const vault = await openVault(t)
  await create(vault, 'a', { ...self, key_props: onCurve, issuer: { name: 'Lazuli' } })
  const { chain } = await bundleIn(await vault.ask('GET', '/secrets/a'))
  const token = await vault.adminToken()
  const answer = await vault.request('GET', '/providers/Lazuli.Server/issuingAuthority', { token })
  const root = chain.at(-1)
  assert.deepEqual(await answer.json(), { subject: root?.subject, certificate: root?.toString() })
})
