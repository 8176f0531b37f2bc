/** Notice of the end of what a vault holds: a while before it, and when it has come. */

import type { Change, Grant } from '../access/grant.ts'
import type { Store } from '../store/open.ts'
import type { FoundVersion, ObjectPlace } from '../store/vault-objects.ts'
import { earlier, parseDuration } from './duration.ts'
import { nextRotation, notifyBefore } from './rotation-policy.ts'
import { appendEvent, type ExpiryNotice, eventType } from './vault-events.ts'

const nearMs = 30 * 86_400_000

export type DueNotice = { readonly kind: 'notice'; readonly at: number; readonly notice: ExpiryNotice }

/** Those that have not been given of what ends at `toMs`. Azure tells of it thirty days before, where nothing else is said. */
export function noticesOfEnd(toMs: number, given: readonly string[], nearAt = toMs - nearMs): DueNotice[] {
  const all = [
    { kind: 'notice', notice: 'NearExpiry', at: nearAt },
    { kind: 'notice', notice: 'Expired', at: toMs },
  ] as const
  return all.filter(({ notice }) => !given.includes(notice))
}

export const operationOf = { NearExpiry: 'nearExpiry', Expired: 'expired' } as const

export const endText = (expires: number | undefined): string =>
  expires === undefined ? 'never' : new Date(expires * 1000).toISOString()

/** Which notices have been given, and of which end: it can be moved, and is news again then. */
type Noticed = { readonly version: string; readonly expires: number; readonly notices: readonly ExpiryNotice[] }

function noticesGiven({ object, version }: FoundVersion): readonly ExpiryNotice[] {
  const noticed = object.body.noticed as Noticed | undefined
  return noticed?.version === version.version && noticed.expires === version.expires ? noticed.notices : []
}

/**
 * What a secret or a key has to have done by itself next, in milliseconds. What a certificate keeps of the two ends with
 * it, and so does what is disabled: of that there is no news.
 */
export function nextDue(found: FoundVersion): DueNotice | { readonly kind: 'rotate'; readonly at: number } | undefined {
  const { object, version } = found
  const rotateAt = nextRotation(found)
  const rotations = rotateAt === undefined ? [] : [{ kind: 'rotate', at: rotateAt } as const]
  // What is rotated in time is no news: where both are due, it comes first.
  return [...rotations, ...notices()].sort((a, b) => a.at - b.at)[0]

  function notices(): DueNotice[] {
    if (object.managed || !version.enabled || version.expires === undefined) return []
    const toMs = version.expires * 1000
    const before = parseDuration(notifyBefore(object))
    return noticesOfEnd(toMs, noticesGiven(found), before && earlier(toMs, before))
  }
}

export const dueAt = (found: FoundVersion): number | undefined => nextDue(found)?.at

/** Gives it, once for a version's end. */
export async function giveNotice(
  store: Pick<Store, 'write' | 'appendAudit'>,
  grant: Grant<Change>,
  place: ObjectPlace,
  { version }: FoundVersion,
  notice: ExpiryNotice,
  now: number,
): Promise<void> {
  const detail = `${eventType(place.kind, notice)}: ${version.version} expires ${endText(version.expires)}`
  await appendEvent(store, place, { operation: operationOf[notice], outcome: 'Succeeded', detail }, now)
  await store.write(async tx => {
    const object = await tx.vaultObjects.get(grant, place)
    if (!object || version.expires === undefined) return
    const notices = [...noticesGiven({ object, version }), notice]
    const noticed: Noticed = { version: version.version, expires: version.expires, notices }
    await tx.vaultObjects.put(grant, place, { body: { ...object.body, noticed } })
    const found = await tx.vaultObjects.version(grant, place)
    await tx.vaultObjects.setDue(grant, place, found && dueAt(found))
  })
}
