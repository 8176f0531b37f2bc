/** When something is to be done about a certificate next. */

import type { ObjectVersion } from '../../store/vault-objects.ts'
import { type DueNotice, noticesOfEnd } from '../expiry.ts'
import { issuerKindOf } from './issuers.ts'
import type { LifetimeAction } from './policy.ts'
import { type CertificateRecord, isIssued, versionBodyOf } from './record.ts'

const dayMs = 86_400_000

export type Due =
  | { readonly kind: 'cancel' | 'issue'; readonly at: number }
  | { readonly kind: 'action'; readonly at: number; readonly action: LifetimeAction['action']['action_type'] }
  | DueNotice

/** The first of the things that are still to be done, in milliseconds by Lazuli's clock. `current` is the newest version. */
export function nextDue(record: CertificateRecord, current: ObjectVersion | undefined): Due | undefined {
  const { pending, policy, carriedOut, failing } = record
  if (pending?.status === 'inProgress') {
    if (pending.cancellationRequested) return { kind: 'cancel', at: 0 }
    // A person brings the certificate.
    if (issuerKindOf(pending.issuer.name) === 'unknown') return undefined
    return { kind: 'issue', at: pending.attempts?.nextAt ?? 0 }
  }
  if (!current?.enabled || !isIssued(current) || !policy.attributes.enabled) return undefined
  const done = carriedOut?.version === current.version ? carriedOut.actions : []
  const actions = policy.lifetime_actions
    .filter(({ action }) => !done.includes(action.action_type))
    .flatMap(({ trigger, action }) => {
      const at = triggeredAt(trigger, current)
      if (at === undefined) return []
      const held = action.action_type === 'AutoRenew' ? Math.max(at, failing?.retryAt ?? 0) : at
      return [{ kind: 'action', at: held, action: action.action_type } as const]
    })
  // What is renewed in time is no news: where both are due, the action comes first.
  const { to } = lifeOf(current)
  const notices = to === undefined ? [] : noticesOfEnd(to * 1000, done)
  return [...actions, ...notices].sort((a, b) => a.at - b.at)[0]
}

/** In seconds. */
function lifeOf(version: ObjectVersion): { from: number | undefined; to: number | undefined } {
  const { lifetime } = versionBodyOf(version)
  return { from: lifetime?.from ?? version.notBefore, to: lifetime?.to ?? version.expires }
}

function triggeredAt(trigger: LifetimeAction['trigger'], version: ObjectVersion): number | undefined {
  const { from, to } = lifeOf(version)
  if (from === undefined || to === undefined) return undefined
  if ('days_before_expiry' in trigger) return to * 1000 - trigger.days_before_expiry * dayMs
  return (from + ((to - from) * trigger.lifetime_percentage) / 100) * 1000
}

const shortestLifeMs = 3_600_000

/**
 * How long a certificate that was just issued counts as good. An issuer with a clock of its own may hand out one that
 * has run out by Lazuli's clock, when that was moved: then it is taken for new, or it would be renewed without end.
 */
export function lifetimeOf(nowMs: number, { notBeforeMs, notAfterMs }: { notBeforeMs: number; notAfterMs: number }) {
  const to = notAfterMs >= nowMs + shortestLifeMs ? notAfterMs : nowMs + (notAfterMs - notBeforeMs)
  return { from: Math.floor(nowMs / 1000), to: Math.floor(to / 1000) }
}
