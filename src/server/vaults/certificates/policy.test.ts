import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AzureError } from '../../errors.ts'
import { policyOf } from './policy.ts'

const now = 1_800_000_000_500
const subject = { x509_props: { subject: 'CN=a' } }
const withNames = (sans: object) => ({ x509_props: { subject: '', sans } })
const acting = (trigger: object, action_type = 'AutoRenew') => ({
  ...subject,
  issuer: { name: 'Self' },
  lifetime_actions: [{ trigger, action: { action_type } }],
})

test('a policy with nothing but a subject is filled up as Azure does it', () => {
  assert.deepEqual(policyOf(subject, now), {
    key_props: { exportable: true, kty: 'RSA', key_size: 2048, reuse_key: false },
    secret_props: { contentType: 'application/x-pkcs12' },
    x509_props: {
      subject: 'CN=a',
      ekus: ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'],
      key_usage: ['digitalSignature', 'keyEncipherment'],
      validity_months: 12,
      basic_constraints: { ca: false },
    },
    lifetime_actions: [{ trigger: { lifetime_percentage: 80 }, action: { action_type: 'EmailContacts' } }],
    issuer: { name: 'Unknown' },
    attributes: { enabled: true, created: 1_800_000_000, updated: 1_800_000_000 },
  })
})

test('a key on a curve is not for enciphering, and needs no size', () => {
  const { key_props, x509_props } = policyOf({ ...subject, key_props: { kty: 'EC' } }, now)
  assert.deepEqual(key_props, { exportable: true, kty: 'EC', reuse_key: false, crv: 'P-256' })
  assert.deepEqual(x509_props.key_usage, ['digitalSignature'])
})

test('what a change leaves open stays as it was', () => {
  const before = policyOf(
    {
      ...acting({ days_before_expiry: 20 }),
      key_props: { kty: 'EC', crv: 'P-384', exportable: false },
      secret_props: { contentType: 'application/x-pem-file' },
    },
    now,
  )
  const after = policyOf({ x509_props: { validity_months: 6 } }, now + 5_000, before)
  assert.deepEqual(after, {
    ...before,
    x509_props: { ...before.x509_props, validity_months: 6 },
    attributes: { ...before.attributes, updated: before.attributes.updated + 5 },
  })
})

test('the built-in issuers are known however they are written', () => {
  const names = ['self', 'SELF', 'lazuli', 'unknown'].map(
    name => policyOf({ ...subject, issuer: { name } }, now).issuer.name,
  )
  assert.deepEqual(names, ['Self', 'Self', 'Lazuli', 'Unknown'])
})

const refused: readonly [wish: object, message: RegExp][] = [
  [{}, /x509_props\.subject.*A subject or a subject alternative name is needed/],
  [{ x509_props: { subject: 'www.example.com' } }, /^The subject name provided is not a valid X500 name\.$/],
  [{ x509_props: { subject: `CN=${'a'.repeat(198)}` } }, /x509_props\.subject.*200/],
  [{ ...subject, key_props: { kty: 'DSA' } }, /key_props\.kty.*DSA/],
  [{ ...subject, key_props: { key_size: 1024 } }, /key_props\.key_size.*1024.*2048, 3072, 4096/],
  [{ ...subject, key_props: { kty: 'EC', crv: 'P-192' } }, /key_props\.crv.*P-192/],
  [{ ...subject, secret_props: { contentType: 'text/plain' } }, /secret_props\.contentType.*text\/plain/],
  [{ x509_props: { subject: 'CN=a', validity_months: 0 } }, /validity_months.*1 to 1200/],
  [{ x509_props: { subject: 'CN=a', validity_months: 'x' } }, /Property x509_props\.validity_months/],
  [{ x509_props: { subject: 'CN=a', key_usage: ['sign'] } }, /key_usage.*sign/],
  [{ x509_props: { subject: 'CN=a', ekus: ['serverAuth'] } }, /ekus.*serverAuth/],
  [withNames({ dns_names: ['not a name'] }), /sans\.dns_names.*not a name/],
  [withNames({ dns_names: ['münchen.de'] }), /sans\.dns_names/],
  [withNames({ emails: ['nobody'] }), /sans\.emails/],
  [withNames({ ipAddresses: ['1.2.3'] }), /sans\.ipAddresses/],
  [withNames({ uris: ['no uri'] }), /sans\.uris/],
  [acting({}), /lifetime_actions\.trigger/],
  [acting({ lifetime_percentage: 50, days_before_expiry: 5 }), /lifetime_actions\.trigger/],
  [acting({ lifetime_percentage: 100 }), /lifetime_percentage.*1 to 99/],
  [acting({ days_before_expiry: 325 }), /days_before_expiry.*1 to 324/],
  [acting({ lifetime_percentage: 50 }, 'Explode'), /action_type.*Explode/],
  [{ ...acting({ lifetime_percentage: 50 }), issuer: { name: 'Unknown' } }, /Unknown cannot renew by itself/],
]
for (const [wish, message] of refused) {
  test(`the policy ${JSON.stringify(wish).slice(0, 120)} is refused`, () => {
    assert.throws(
      () => policyOf(wish, now),
      error => {
        assert.ok(error instanceof AzureError)
        assert.deepEqual([error.status, error.code], [400, 'BadParameter'])
        assert.match(error.message, message)
        return true
      },
    )
  })
}

test('names of all kinds are kept as they were written', () => {
  const sans = {
    emails: ['a@example.com'],
    dns_names: ['*.Example.com', 'localhost'],
    upns: ['ada@example.com'],
    uris: ['spiffe://example.com/web'],
    ipAddresses: ['192.0.2.1', '2001:db8::1'],
  }
  assert.deepEqual(policyOf(withNames(sans), now).x509_props.sans, sans)
})
