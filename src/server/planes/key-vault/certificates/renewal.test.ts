import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import { openLazuli } from '../../../testing/open-lazuli.ts'
import { openDueWork } from '../due-work.ts'
import { keyVaultPlane } from '../plane.ts'
import { type Asked, beginning as at, openVault } from '../testing-vault.ts'

const day = 86_400
const onCurve = { kty: 'EC', crv: 'P-256' }
const renewAt = (trigger: object) => [{ trigger, action: { action_type: 'AutoRenew' } }]
const mailAt = (trigger: object) => [{ trigger, action: { action_type: 'EmailContacts' } }]

async function openCertificate(t: Parameters<typeof openVault>[0], policy: object, rest: object = {}) {
  const vault = await openVault(t)
  const due = openDueWork(vault.parts)
  t.after(() => due.close())
  const wish = { x509_props: { subject: 'CN=a', validity_months: 12 }, key_props: onCurve, issuer: { name: 'Self' } }
  const made = await vault.ask('POST', '/certificates/a/create', { body: { policy: { ...wish, ...policy }, ...rest } })
  assert.equal(made.status, 202, JSON.stringify(made.body))
  const current = async () => (await vault.ask('GET', '/certificates/a')).body as Bundle
  return { ...vault, due, current }
}
type Bundle = { id: string; cer: string; attributes: { enabled: boolean; nbf: number; exp: number }; tags?: object }
const versionOf = ({ id }: Bundle) => id.split('/').at(-1) ?? ''
const events = (rows: readonly { operation: string; outcome: string; detail: string }[]) =>
  rows
    .filter(({ operation }) => /(renew|emailContacts|nearExpiry|expired)\/action$/.test(operation))
    .map(({ operation, outcome, detail }) => [operation.split('/').at(-2), outcome, detail])

const triggers: readonly [what: string, trigger: object, days: number][] = [
  ['four fifths of its life', { lifetime_percentage: 80 }, 292],
  ['thirty days before its end', { days_before_expiry: 30 }, 335],
]
for (const [what, trigger, days] of triggers) {
  test(`a certificate is renewed at ${what}, and not before`, async t => {
    const { ask, due, current, forwardBy, auditRows } = await openCertificate(
      t,
      { lifetime_actions: renewAt(trigger) },
      { tags: { keep: 'me' } },
    )
    const first = await current()
    forwardBy(days * day - 1)
    await due.run()
    assert.equal((await current()).id, first.id)
    forwardBy(1)
    await due.run()
    const second = await current()
    assert.notEqual(second.id, first.id)
    assert.deepEqual([second.tags, second.attributes.enabled], [{ keep: 'me' }, true])
    assert.deepEqual(
      [second.attributes.nbf, second.attributes.exp],
      [
        at + days * day - 600,
        Math.floor(Date.parse(new X509Certificate(Buffer.from(second.cer, 'base64')).validTo) / 1000),
      ],
    )
    const secret = (await ask('GET', '/secrets/a')).body as { id: string; tags: object }
    assert.deepEqual([secret.id.split('/').at(-1), secret.tags], [versionOf(second), { keep: 'me' }])
    assert.deepEqual(events(await auditRows()), [['renew', 'Succeeded', versionOf(second)]])

    // What has been renewed can still be read, also long after its end.
    forwardBy(400 * day)
    assert.equal((await ask('GET', `/secrets/a/${versionOf(first)}`)).status, 200)
    assert.equal((await ask('GET', `/certificates/a/${versionOf(first)}`)).status, 200)
  })
}

test('a policy that is changed counts at once, and a disabled certificate is left alone', async t => {
  const { ask, due, current, forwardBy } = await openCertificate(t, {})
  const first = await current()
  forwardBy(200 * day)
  await ask('PATCH', '/certificates/a', { body: { attributes: { enabled: false } } })
  await ask('PATCH', '/certificates/a/policy', { body: { lifetime_actions: renewAt({ lifetime_percentage: 50 }) } })
  await due.run()
  assert.equal((await current()).id, first.id)
  await ask('PATCH', '/certificates/a', { body: { attributes: { enabled: true } } })
  await due.run()
  assert.notEqual((await current()).id, first.id)
})

test('contacts are told once of each version, on the record', async t => {
  const vault = await openCertificate(t, { lifetime_actions: mailAt({ days_before_expiry: 10 }) })
  await vault.ask('PUT', '/certificates/contacts', { body: { contacts: [{ email: 'a@example.com' }] } })
  const { id, attributes } = await vault.current()
  vault.forwardBy(356 * day)
  await vault.due.run()
  await vault.due.run()
  const expires = new Date(attributes.exp * 1000).toISOString()
  const told = events(await vault.auditRows()).filter(([event]) => event === 'emailContacts')
  assert.deepEqual(told, [
    ['emailContacts', 'Succeeded', `${id.split('/').at(-1)} expires ${expires}; contacts: a@example.com`],
  ])
  assert.equal((await vault.current()).id, id)
})

test('what comes to its end is on the record a month before, and when it has, whatever its policy says', async t => {
  const vault = await openCertificate(t, { lifetime_actions: mailAt({ days_before_expiry: 10 }) })
  const { id, attributes } = await vault.current()
  const ofEvents = async () => events(await vault.auditRows()).map(([event]) => event)
  vault.forwardBy(334 * day)
  await vault.due.run()
  assert.deepEqual(await ofEvents(), [])
  vault.forwardBy(day)
  await vault.due.run()
  await vault.due.run()
  const what = `${id.split('/').at(-1)} expires ${new Date(attributes.exp * 1000).toISOString()}; contacts: none`
  const detail = `Microsoft.KeyVault.CertificateNearExpiry: ${what}`
  assert.deepEqual(events(await vault.auditRows()), [['nearExpiry', 'Succeeded', detail]])
  vault.forwardBy(30 * day)
  await vault.due.run()
  assert.deepEqual((await ofEvents()).sort(), ['emailContacts', 'expired', 'nearExpiry'])
})

test('a renewal that fails is tried again later, each time after longer', async t => {
  const vault = await openCertificate(t, {})
  const { ask, due, forwardBy } = vault
  const first = await vault.current()
  await ask('PUT', '/certificates/issuers/gone', { body: { provider: 'Elsewhere' } })
  await ask('PATCH', '/certificates/a/policy', { body: { issuer: { name: 'gone' } } })
  forwardBy(300 * day)
  const failures = async () => events(await vault.auditRows()).filter(([, outcome]) => outcome === 'Failed').length
  const pause = async (seconds: number) => {
    forwardBy(seconds)
    await due.run()
  }
  // Issuers outside are asked in the background.
  const until = async (count: number) => {
    while ((await failures()) < count) await new Promise(resolve => setImmediate(resolve))
  }
  await pause(0)
  await until(1)
  await pause(3599)
  assert.equal(await failures(), 1)
  await pause(1)
  await until(2)
  await ask('PATCH', '/certificates/a/policy', { body: { issuer: { name: 'Self' } } })
  await pause(7200)
  assert.notEqual((await vault.current()).id, first.id)
})

test('many certificates that are due at once are all renewed', async t => {
  const { ask, due, forwardBy } = await openCertificate(t, {})
  const policy = { x509_props: { subject: 'CN=a' }, key_props: onCurve, issuer: { name: 'Lazuli' } }
  const names = Array.from({ length: 21 }, (_, at) => `c${at}`)
  await Promise.all(names.map(name => ask('POST', `/certificates/${name}/create`, { body: { policy } })))
  forwardBy(300 * day)
  await due.run()
  for (const name of names) {
    const { value } = (await ask('GET', `/certificates/${name}/versions`)).body as { value: object[] }
    assert.equal(value.length, 2)
  }
})

test('a certificate that begins in a time to come is good in real time, too', async t => {
  const lazuli = await openLazuli(t, { planes: parts => [keyVaultPlane(parts)] })
  const { validityFrom } = await import('../../../vaults/certificates/content.ts')
  lazuli.clock.forwardBy(300 * day * 1000)
  const { notBeforeMs, notAfterMs } = validityFrom(lazuli.clock, 12)
  assert.ok(notBeforeMs < Date.now() && notAfterMs > lazuli.clock.now() + 364 * day * 1000)
})

test('work that a server did not get to is done by the next one', async t => {
  const vault = await openVault(t)
  const { store, clock } = vault.parts
  const { beginCertificate } = await import('../../../vaults/certificates/begin.ts')
  const { policyOf } = await import('../../../vaults/certificates/policy.ts')
  const { systemGrant } = await import('../../../access/grant.ts')
  const place = { vault: { name: 'safe', id: { text: vault.vaultId } }, kind: 'certificates', name: 'a' } as const
  const policy = policyOf(
    { x509_props: { subject: 'CN=a' }, key_props: onCurve, issuer: { name: 'Self' } },
    clock.now(),
  )
  // As far as a create gets before it answers.
  await beginCertificate(store, systemGrant('a test'), place, { policy, enabled: true, isRenewal: false }, clock.now())
  const pending = async () => ((await vault.ask('GET', '/certificates/a/pending')) as Asked).body as { status: string }
  assert.equal((await pending()).status, 'inProgress')
  const due = openDueWork(vault.parts)
  t.after(() => due.close())
  await due.run()
  assert.equal((await pending()).status, 'completed')
  assert.equal((await vault.ask('GET', '/secrets/a')).status, 200)
})
