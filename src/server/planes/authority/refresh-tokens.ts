import { createHash, randomBytes } from 'node:crypto'
import { systemGrant } from '../../access/grant.ts'
import type { Writes } from '../../store/open.ts'
import type { Principal } from '../../store/principals.ts'
import { type SignedIn, stillSignedIn } from './person.ts'
import type { TokenWish } from './scopes.ts'

/**
 * A refresh token is `<family>.<secret>`. Each use replaces the secret. A secret that was replaced some time ago can only
 * come from somebody who copied it, or whose copy was taken: the whole family ends, and the owner signs in again.
 * For a moment a replaced secret is still good: two az processes that share one cache present the same one at once.
 */
export type Family = SignedIn & { readonly clientId: string; readonly resource: string; readonly scope: string }

type Kept = Family & {
  /** Hashes of the secrets that are out and unused; more than one after uses at once. */
  readonly live: readonly string[]
  readonly spent: readonly { readonly hash: string; readonly at: number }[]
}

const kind = 'refresh tokens'
const lifetimeMs = 90 * 86_400_000
const atOnceMs = 60_000
/** What a family remembers of either; a stranger cannot make it grow. */
const remembered = 20
const keepFamilies = systemGrant('keep the refresh tokens of people who signed in')

type Beginning = {
  readonly signedIn: SignedIn
  readonly clientId: string
  readonly wish: Pick<TokenWish, 'resource' | 'scope'>
}

/** The first token of a new family. */
export async function startFamily(
  tx: Writes,
  { signedIn: { userId, passwordId }, clientId, wish: { resource, scope } }: Beginning,
  now: number,
): Promise<{ token: string; familyId: string }> {
  const family = { userId, passwordId, clientId, resource, scope, live: [], spent: [] }
  const familyId = randomBytes(24).toString('base64url')
  return { token: await putSecret(tx, familyId, family, now), familyId }
}

export async function endFamily(tx: Writes, familyId: string): Promise<void> {
  await tx.sessions.remove(keepFamilies, familyId)
}

export type Redeemed =
  | { readonly outcome: 'renewed'; readonly family: Family; readonly user: Principal; readonly token: string }
  | { readonly outcome: 'invalid' | 'other client' | 'password changed' }

/** Replaces the token. An outcome, not an error, because what it ends must stay ended: an error would take that back. */
export async function renew(tx: Writes, token: string, clientId: string, now: number): Promise<Redeemed> {
  const [familyId = '', secret = '', ...rest] = token.split('.')
  if (rest.length > 0) return { outcome: 'invalid' }
  const session = await tx.sessions.get<Kept>(keepFamilies, kind, familyId, now)
  if (!session) return { outcome: 'invalid' }
  const { live, spent, ...family } = session.content
  const hash = hashOf(secret)
  const isLive = live.includes(hash)
  if (!isLive && !spent.some(one => one.hash === hash && now - one.at < atOnceMs)) {
    await endFamily(tx, familyId)
    return { outcome: 'invalid' }
  }
  if (family.clientId !== clientId) return { outcome: 'other client' }
  const user = await stillSignedIn(tx.principals, family)
  if (!user) {
    await endFamily(tx, familyId)
    return { outcome: 'password changed' }
  }
  const kept = isLive
    ? { ...family, live: live.filter(one => one !== hash), spent: [{ hash, at: now }, ...spent] }
    : session.content
  return { outcome: 'renewed', family, user, token: await putSecret(tx, familyId, kept, now) }
}

async function putSecret(tx: Writes, familyId: string, kept: Kept, now: number): Promise<string> {
  const secret = randomBytes(32).toString('base64url')
  const live = [hashOf(secret), ...kept.live].slice(0, remembered)
  const content: Kept = { ...kept, live, spent: kept.spent.slice(0, remembered) }
  await tx.sessions.put(keepFamilies, familyId, { kind, content, expiresAt: now + lifetimeMs })
  await tx.sessions.removeExpired(keepFamilies, now - 86_400_000)
  return `${familyId}.${secret}`
}

// The hash of 256 random bits gives nothing away by the time that comparing it takes.
const hashOf = (secret: string) => createHash('sha256').update(secret).digest('base64url')
