/** How a certificate is made and renewed, in Azure's own shape: that is how it is kept, too. */

import { isIP } from 'node:net'
import * as z from 'zod'
import { InvalidName, parseDistinguishedName } from '../../certificates/distinguished-name.ts'
import { type KeyUsage, keyUsages } from '../../certificates/profile.ts'
import { checked } from '../attributes.ts'
import { badParameter } from '../refusals.ts'
import { issuerKindOf, ownIssuers } from './issuers.ts'

export const contentTypes = { pfx: 'application/x-pkcs12', pem: 'application/x-pem-file' } as const

const rsaSizes = [2048, 3072, 4096]
const curves = ['P-256', 'P-384', 'P-521', 'P-256K']
const longestSubject = 200
const longestValidityMonths = 1200
const serverAndClient = ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']

const names = z.array(z.string().min(1).max(1024)).max(200).nullish()
const alternativeNames = z.looseObject({
  emails: names,
  dns_names: names,
  upns: names,
  uris: names,
  ipAddresses: names,
})
const lifetimeAction = z.looseObject({
  trigger: z.looseObject({ lifetime_percentage: z.int().nullish(), days_before_expiry: z.int().nullish() }),
  action: z.looseObject({ action_type: z.string() }),
})

export const policyWish = z.looseObject({
  key_props: z
    .looseObject({
      exportable: z.boolean().nullish(),
      kty: z.string().nullish(),
      key_size: z.int().nullish(),
      reuse_key: z.boolean().nullish(),
      crv: z.string().nullish(),
    })
    .nullish(),
  secret_props: z.looseObject({ contentType: z.string().nullish() }).nullish(),
  x509_props: z
    .looseObject({
      subject: z.string().nullish(),
      sans: alternativeNames.nullish(),
      ekus: z.array(z.string()).max(100).nullish(),
      key_usage: z.array(z.string()).max(100).nullish(),
      validity_months: z.int().nullish(),
    })
    .nullish(),
  lifetime_actions: z.array(lifetimeAction).max(10).nullish(),
  issuer: z
    .looseObject({ name: z.string().nullish(), cty: z.string().nullish(), cert_transparency: z.boolean().nullish() })
    .nullish(),
  attributes: z.looseObject({ enabled: z.boolean().nullish() }).nullish(),
})
export type PolicyWish = z.infer<typeof policyWish>

export type AlternativeNamesWish = {
  readonly [kind in 'emails' | 'dns_names' | 'upns' | 'uris' | 'ipAddresses']?: readonly string[]
}

export type LifetimeAction = {
  readonly trigger: { readonly lifetime_percentage: number } | { readonly days_before_expiry: number }
  readonly action: { readonly action_type: 'AutoRenew' | 'EmailContacts' }
}

export type CertificatePolicy = {
  readonly key_props: {
    readonly exportable: boolean
    readonly kty: 'RSA' | 'EC'
    readonly key_size?: number
    readonly reuse_key: boolean
    readonly crv?: string
  }
  readonly secret_props: { readonly contentType: string }
  readonly x509_props: {
    readonly subject: string
    readonly sans?: AlternativeNamesWish
    readonly ekus: readonly string[]
    readonly key_usage: readonly KeyUsage[]
    readonly validity_months: number
    readonly basic_constraints: { readonly ca: boolean }
  }
  readonly lifetime_actions: readonly LifetimeAction[]
  readonly issuer: { readonly name: string; readonly cty?: string; readonly cert_transparency?: boolean }
  /** Seconds since 1970. */
  readonly attributes: { readonly enabled: boolean; readonly created: number; readonly updated: number }
}

/**
 * The policy that is wished for: what it leaves open is as in the one before, or Azure's default. Throws 400. Whether an
 * issuer of that name is known to the vault is the caller's to find out.
 */
export function policyOf(wish: unknown, now: number, before?: CertificatePolicy): CertificatePolicy {
  const { key_props, secret_props, x509_props, lifetime_actions, issuer, attributes } = checked(policyWish, wish ?? {})
  const seconds = Math.floor(now / 1000)
  const key = keyProperties(key_props, before?.key_props)
  const x509 = x509Properties(x509_props, key.kty, before?.x509_props)
  const named = issuerOf(issuer, before?.issuer)
  const policy: CertificatePolicy = {
    key_props: key,
    secret_props: { contentType: contentTypeOf(secret_props?.contentType ?? before?.secret_props.contentType) },
    x509_props: x509,
    lifetime_actions: lifetimeActions(
      lifetime_actions ?? before?.lifetime_actions ?? [defaultAction(named.name)],
      x509.validity_months,
      named.name,
    ),
    issuer: named,
    attributes: {
      enabled: attributes?.enabled ?? before?.attributes.enabled ?? true,
      created: before?.attributes.created ?? seconds,
      updated: seconds,
    },
  }
  return policy
}

const invalid = (property: string, value: unknown, allowed: string) =>
  badParameter(`Property policy.${property} has invalid value: ${String(value).slice(0, 256)}. ${allowed}`)

function keyProperties(
  wish: PolicyWish['key_props'],
  before?: CertificatePolicy['key_props'],
): CertificatePolicy['key_props'] {
  const kty = wish?.kty ?? before?.kty ?? (wish?.crv ? 'EC' : 'RSA')
  const rest = {
    exportable: wish?.exportable ?? before?.exportable ?? true,
    reuse_key: wish?.reuse_key ?? before?.reuse_key ?? false,
  }
  if (kty === 'RSA') {
    const key_size = wish?.key_size ?? (before?.kty === 'RSA' ? before.key_size : undefined) ?? 2048
    if (!rsaSizes.includes(key_size)) throw invalid('key_props.key_size', key_size, `Allowed: ${rsaSizes.join(', ')}.`)
    return { exportable: rest.exportable, kty, key_size, reuse_key: rest.reuse_key }
  }
  if (kty !== 'EC') throw invalid('key_props.kty', kty, 'Allowed: RSA, EC.')
  const crv = wish?.crv ?? (before?.kty === 'EC' ? before.crv : undefined) ?? 'P-256'
  if (!curves.includes(crv)) throw invalid('key_props.crv', crv, `Allowed: ${curves.join(', ')}.`)
  return { exportable: rest.exportable, kty, reuse_key: rest.reuse_key, crv }
}

function contentTypeOf(wished: string | undefined): string {
  const contentType = wished ?? contentTypes.pfx
  const allowed: readonly string[] = Object.values(contentTypes)
  if (!allowed.includes(contentType))
    throw invalid('secret_props.contentType', contentType, `Allowed: ${allowed.join(', ')}.`)
  return contentType
}

function x509Properties(
  wish: PolicyWish['x509_props'],
  kty: string,
  before?: CertificatePolicy['x509_props'],
): CertificatePolicy['x509_props'] {
  const subject = subjectOf(wish?.subject ?? before?.subject ?? '')
  const sans = wish?.sans ? namesOf(wish.sans) : before?.sans
  if (subject === '' && !Object.values(sans ?? {}).some(some => some.length > 0))
    throw invalid('x509_props.subject', subject, 'A subject or a subject alternative name is needed.')
  const usage = wish?.key_usage ?? before?.key_usage ?? defaultUsage(kty)
  const unknownUsage = usage.find(one => !keyUsages.includes(one as KeyUsage))
  if (unknownUsage !== undefined)
    throw invalid('x509_props.key_usage', unknownUsage, `Allowed: ${keyUsages.join(', ')}.`)
  const ekus = wish?.ekus ?? before?.ekus ?? serverAndClient
  const noOid = ekus.find(one => !/^[012](\.(0|[1-9]\d{0,9}))+$/.test(one))
  if (noOid !== undefined) throw invalid('x509_props.ekus', noOid, 'An object identifier is needed.')
  const validity_months = wish?.validity_months ?? before?.validity_months ?? 12
  if (validity_months < 1 || validity_months > longestValidityMonths)
    throw invalid('x509_props.validity_months', validity_months, `Allowed: 1 to ${longestValidityMonths}.`)
  return {
    subject,
    ...(sans ? { sans } : {}),
    ekus: [...new Set(ekus)],
    key_usage: [...new Set(usage)] as KeyUsage[],
    validity_months,
    basic_constraints: { ca: false },
  }
}

/** RFC 8017's keys can do both; a key on a curve cannot encipher another key. */
const defaultUsage = (kty: string): KeyUsage[] =>
  kty === 'RSA' ? ['digitalSignature', 'keyEncipherment'] : ['digitalSignature']

/** Kept as it was typed, as Azure does. */
function subjectOf(subject: string): string {
  if (subject.length > longestSubject)
    throw invalid('x509_props.subject', subject, `It may have ${longestSubject} characters.`)
  try {
    parseDistinguishedName(subject)
  } catch (error) {
    if (error instanceof InvalidName) throw badParameter('The subject name provided is not a valid X500 name.')
    throw error
  }
  return subject.trim()
}

function namesOf(wish: z.infer<typeof alternativeNames>): AlternativeNamesWish {
  const checks = {
    emails: (name: string) => isAscii(name) && /^[^\s@]+@[^\s@]+$/.test(name),
    dns_names: isHostName,
    upns: (name: string) => /^[^\s@\p{Cc}]+@[^\s@\p{Cc}]+$/u.test(name),
    uris: (name: string) => isAscii(name) && URL.canParse(name),
    ipAddresses: (name: string) => isIP(name) !== 0 && !name.includes('%'),
  } satisfies Record<keyof AlternativeNamesWish, (name: string) => boolean>
  const kept: Record<string, readonly string[]> = {}
  for (const [kind, isOne] of Object.entries(checks)) {
    const wished = wish[kind as keyof AlternativeNamesWish]
    const wrong = wished?.find(name => !isOne(name))
    if (wrong !== undefined) throw invalid(`x509_props.sans.${kind}`, wrong, 'It is not such a name.')
    if (wished) kept[kind] = wished
  }
  return kept
}

export const isHostName = (name: string) =>
  /^(\*\.)?([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/i.test(name)

const isAscii = (text: string) => /^[\x21-\x7e]*$/.test(text)

function issuerOf(wish: PolicyWish['issuer'], before?: CertificatePolicy['issuer']): CertificatePolicy['issuer'] {
  const wished = wish?.name ?? before?.name ?? ownIssuers.unknown
  const name = Object.values(ownIssuers).find(one => one.toLowerCase() === wished.toLowerCase()) ?? wished
  const cty = wish?.cty ?? before?.cty
  const transparency = wish?.cert_transparency ?? before?.cert_transparency
  return {
    name,
    ...(cty === undefined ? {} : { cty }),
    ...(transparency === undefined ? {} : { cert_transparency: transparency }),
  }
}

const canRenew = (issuer: string) => issuerKindOf(issuer) !== 'unknown'

const defaultAction = (issuer: string) => ({
  trigger: { lifetime_percentage: 80 },
  action: { action_type: canRenew(issuer) ? 'AutoRenew' : 'EmailContacts' },
})

function lifetimeActions(
  wish: readonly z.infer<typeof lifetimeAction>[] | CertificatePolicy['lifetime_actions'],
  validityMonths: number,
  issuer: string,
): LifetimeAction[] {
  const mostDays = validityMonths * 27
  return wish.map(({ trigger, action }) => {
    const type = ['AutoRenew', 'EmailContacts'].find(one => one.toLowerCase() === action.action_type.toLowerCase())
    if (type === undefined)
      throw invalid('lifetime_actions.action.action_type', action.action_type, 'Allowed: AutoRenew, EmailContacts.')
    if (type === 'AutoRenew' && !canRenew(issuer))
      throw invalid('lifetime_actions.action.action_type', type, `The issuer ${issuer} cannot renew by itself.`)
    const { lifetime_percentage: percentage, days_before_expiry: days } = { ...trigger } as {
      lifetime_percentage?: number | null
      days_before_expiry?: number | null
    }
    if ((percentage == null) === (days == null))
      throw invalid(
        'lifetime_actions.trigger',
        JSON.stringify(trigger),
        'One of lifetime_percentage and days_before_expiry is needed.',
      )
    if (percentage != null && (percentage < 1 || percentage > 99))
      throw invalid('lifetime_actions.trigger.lifetime_percentage', percentage, 'Allowed: 1 to 99.')
    if (days != null && (days < 1 || days > mostDays))
      throw invalid('lifetime_actions.trigger.days_before_expiry', days, `Allowed: 1 to ${mostDays}.`)
    const when = percentage == null ? { days_before_expiry: Number(days) } : { lifetime_percentage: percentage }
    return { trigger: when, action: { action_type: type as 'AutoRenew' | 'EmailContacts' } }
  })
}
