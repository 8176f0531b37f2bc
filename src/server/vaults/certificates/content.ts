/** From a policy to what a certificate says and how its secret is written, and back. */

import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { type ReadPfx, readParts, renderCertificates, renderKey } from '../../../certificate-bundle/bundle.ts'
import { orderBundle } from '../../../certificate-bundle/chain.ts'
import { commonName, parseDistinguishedName } from '../../certificates/distinguished-name.ts'
import { noAlternativeNames, type Profile, type Validity } from '../../certificates/profile.ts'
import { issuerKindOf } from './issuers.ts'
import { type AlternativeNamesWish, type CertificatePolicy, contentTypes, isHostName } from './policy.ts'

export function profileOfPolicy({ x509_props, issuer }: Pick<CertificatePolicy, 'x509_props' | 'issuer'>): Profile {
  const { subject, sans, ekus, key_usage, basic_constraints } = x509_props
  return {
    subject,
    alternativeNames: {
      emails: sans?.emails ?? [],
      dnsNames: sans?.dns_names ?? hostIn(subject, issuer.name),
      upns: sans?.upns ?? [],
      uris: sans?.uris ?? [],
      addresses: sans?.ipAddresses ?? [],
    },
    purposes: ekus,
    usages: key_usage,
    isAuthority: basic_constraints.ca,
  }
}

/** Who knows names by the extension alone, as browsers do, is to know the host of the subject. Authorities add it, too. */
function hostIn(subject: string, issuer: string): string[] {
  if (!['lazuli', 'provider'].includes(issuerKindOf(issuer))) return []
  const common = parseDistinguishedName(subject).find(({ type }) => type === commonName)?.value ?? ''
  return isHostName(common) ? [common] : []
}

/** What a policy says of a certificate that somebody has made elsewhere. */
export async function x509PropertiesOf(certificate: X509Certificate): Promise<CertificatePolicy['x509_props']> {
  const { profileOf } = await import('../../certificates/certify.ts')
  const { subject, alternativeNames, purposes, usages, isAuthority } = profileOf(certificate)
  const { emails, dnsNames, upns, uris, addresses } = alternativeNames
  const sans: AlternativeNamesWish = {
    ...(emails.length > 0 ? { emails } : {}),
    ...(dnsNames.length > 0 ? { dns_names: dnsNames } : {}),
    ...(upns.length > 0 ? { upns } : {}),
    ...(uris.length > 0 ? { uris } : {}),
    ...(addresses.length > 0 ? { ipAddresses: addresses } : {}),
  }
  return {
    subject,
    ...(alternativeNames === noAlternativeNames ? {} : { sans }),
    ekus: purposes,
    key_usage: usages,
    validity_months: monthsBetween(certificate.validFromDate, certificate.validToDate),
    basic_constraints: { ca: isAuthority },
  }
}

const monthsBetween = (from: Date, to: Date): number =>
  Math.max(1, Math.round((to.getTime() - from.getTime()) / (30.4375 * 86_400_000)))

/** The secret of a certificate. Without its key, where the policy does not let that out. */
export async function secretOf({
  chain,
  key,
  policy,
}: {
  /** From the leaf upwards, or as somebody wanted it kept. */
  readonly chain: readonly X509Certificate[]
  readonly key: KeyObject
  readonly policy: Pick<CertificatePolicy, 'key_props' | 'secret_props'>
}): Promise<string> {
  const { exportable } = policy.key_props
  if (policy.secret_props.contentType === contentTypes.pem) {
    return `${exportable ? renderKey(key) : ''}${renderCertificates(chain)}`
  }
  // A vault writes the root first in this form and the leaf first in the other.
  const { writePfx } = await import('../../certificates/write-pfx.ts')
  const pfx = await writePfx({ certificates: chain.toReversed(), ...(exportable ? { key } : {}) })
  return pfx.toString('base64')
}

/**
 * A value in PKCS #12 as it would be in PEM. What a certificate was kept as (see `secretOf`) keeps its order; what
 * somebody uploaded as a secret gets the leaf first. Rejects with BundleFailure.
 */
export async function inPem(
  value: string,
  readPfx: ReadPfx,
  { isCertificates }: { isCertificates: boolean },
): Promise<string> {
  const parts = await readParts(value, readPfx)
  const [der] = parts.keys
  if (der === undefined || isCertificates) {
    const key =
      der === undefined ? undefined : createPrivateKey({ key: Buffer.from(der), format: 'der', type: 'pkcs8' })
    const chain = parts.certificates.toReversed().map(one => new X509Certificate(one))
    return `${key ? renderKey(key) : ''}${renderCertificates(chain)}`
  }
  const { chain, key } = orderBundle(parts)
  return `${renderKey(key)}${renderCertificates(chain)}`
}

const tenMinutesMs = 600_000

/**
 * From now for so many months; it begins a little earlier, for readers whose clock is slow. It also begins in real time
 * when Lazuli's clock was moved ahead: those who check it have clocks of their own.
 */
export function validityFrom(clock: { now(): number; readonly shiftMs: number }, months: number): Validity {
  const now = clock.now()
  return {
    notBeforeMs: Math.min(now, now - clock.shiftMs) - tenMinutesMs,
    notAfterMs: addMonths(new Date(now), months).getTime(),
  }
}

/** The same day of a later month, or that month's last. */
function addMonths(from: Date, months: number): Date {
  const to = new Date(from)
  to.setUTCMonth(to.getUTCMonth() + months)
  if (to.getUTCDate() !== from.getUTCDate()) to.setUTCDate(0)
  return to
}
