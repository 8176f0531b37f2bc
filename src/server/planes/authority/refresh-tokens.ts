import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { systemGrant } from '../../access/grant.ts'
import type { Writes } from '../../store/open.ts'
import type { Principal } from '../../store/principals.ts'
import { type SignedIn, stillSignedIn } from './person.ts'
import type { TokenWish } from './scopes.ts'

/**
 * A refresh token is `<family>.<secret>`. Each use replaces the secret. A secret that was replaced before can only come
 * from somebody who copied it, or whose copy was taken: the whole family ends, and the owner signs in again.
 */
export type Family = SignedIn & { readonly clientId: string; readonly resource: string; readonly scope: string }

type Kept = Family & { readonly secretHash: string }

const kind = 'refresh tokens'
const lifetimeMs = 90 * 86_400_000
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
  const family = { userId, passwordId, clientId, resource, scope }
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
  const { secretHash, ...family } = session.content
  if (!timingSafeEqual(hashOf(secret), Buffer.from(secretHash, 'base64url'))) {
    await endFamily(tx, familyId)
    return { outcome: 'invalid' }
  }
  if (family.clientId !== clientId) return { outcome: 'other client' }
  const user = await stillSignedIn(tx.principals, family)
  if (!user) {
    await endFamily(tx, familyId)
    return { outcome: 'password changed' }
  }
  return { outcome: 'renewed', family, user, token: await putSecret(tx, familyId, family, now) }
}

async function putSecret(tx: Writes, familyId: string, family: Family, now: number): Promise<string> {
  const secret = randomBytes(32).toString('base64url')
  const content: Kept = { ...family, secretHash: hashOf(secret).toString('base64url') }
  await tx.sessions.put(keepFamilies, familyId, { kind, content, expiresAt: now + lifetimeMs })
  await tx.sessions.removeExpired(keepFamilies, now - 86_400_000)
  return `${familyId}.${secret}`
}

const hashOf = (secret: string) => createHash('sha256').update(secret).digest()
