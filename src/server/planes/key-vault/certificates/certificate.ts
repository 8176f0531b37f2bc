import { issuerKindOf } from '../../../vaults/certificates/issuers.ts'
import type { CertificatePolicy } from '../../../vaults/certificates/policy.ts'
import { isIssued, type PendingCertificate, recordOf, versionBodyOf } from '../../../vaults/certificates/record.ts'
import { certificateDueAt } from '../../../vaults/certificates/schedule.ts'
import { isAtLeast } from '../api-version.ts'
import { attributesOf, idOf, type Kind, type ObjectView, tagsOf } from '../objects/kind.ts'

/** Certificates as answers show them. Their private part is their secret's affair. */
export const certificateKind: Kind = {
  kind: 'certificates',
  listAction: 'certificates/read',
  getAction: 'certificates/read',
  companions: ['keys', 'secrets'],
  dueAt: certificateDueAt,
  bundle(view) {
    const { object, version, origin, apiVersion } = view
    const { cer, x5t, preserveCertOrder } = versionBodyOf(version)
    const { policy, pending } = recordOf(object)
    const ofVersion = (kind: 'keys' | 'secrets') => idOf(view, kind, version.version)
    return {
      id: idOf(view, 'certificates', version.version),
      ...(cer === undefined ? {} : { kid: ofVersion('keys'), sid: ofVersion('secrets'), x5t, cer }),
      attributes: attributesOf(view),
      ...tagsOf(view),
      ...(isAtLeast(apiVersion, '7.6') ? { preserveCertOrder: preserveCertOrder ?? false } : {}),
      policy: shownPolicy(policy, view),
      ...(pending ? { pending: { id: `${origin}/certificates/${object.name}/pending` } } : {}),
    }
  },
  item(view, id) {
    const { x5t } = versionBodyOf(view.version)
    return { id, ...(x5t === undefined ? {} : { x5t }), attributes: attributesOf(view), ...tagsOf(view) }
  },
  // One that has not been issued yet is only shown to who asks for those, too.
  isListed: ({ version }, query) => isIssued(version) || query.get('includePending')?.toLowerCase() === 'true',
}

export const shownPolicy = (policy: CertificatePolicy, { origin, object }: Pick<ObjectView, 'origin' | 'object'>) => ({
  id: `${origin}/certificates/${object.name}/policy`,
  ...policy,
})

export function shownPending(
  pending: PendingCertificate,
  { origin, object }: Pick<ObjectView, 'origin' | 'object'>,
): Record<string, unknown> {
  const address = `${origin}/certificates/${object.name}`
  const { name, cty } = pending.issuer
  return {
    id: `${address}/pending`,
    issuer: { name, ...(cty === undefined ? {} : { cty }) },
    csr: pending.csr,
    cancellation_requested: pending.cancellationRequested,
    status: pending.status,
    ...(pending.statusDetails === undefined ? {} : { status_details: pending.statusDetails }),
    ...(pending.error ? { error: pending.error } : {}),
    ...(pending.status === 'completed' ? { target: address } : {}),
    request_id: pending.requestId,
  }
}

/** How long a client had better wait until it looks again: a person is slower than a server. */
export const retryAfter = ({ status, issuer }: PendingCertificate): Record<string, string> =>
  status === 'inProgress' && issuerKindOf(issuer.name) !== 'unknown' ? { 'Retry-After': '10' } : {}
