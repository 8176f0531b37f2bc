import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { systemGrant } from '../../access/grant.ts'
import type { Writes } from '../../store/open.ts'
import type { Style } from './authority.ts'
import type { SignedIn } from './person.ts'
import { endFamily } from './refresh-tokens.ts'
import type { TokenWish } from './scopes.ts'

/** What a person agreed to on the sign-in page, until the program that asked fetches its tokens. */
export type AuthorizationCode = SignedIn & {
  readonly clientId: string
  readonly redirectUri: string
  /** S256: the hash of a secret that only the program knows that began the sign-in. */
  readonly codeChallenge: string
  readonly wish: TokenWish
  readonly nonce: string | undefined
  readonly style: Style
}

/** After its use a code is remembered until it would have expired, with what came of it. */
type Kept = AuthorizationCode & { readonly redeemed?: { readonly familyId: string } }

const kind = 'authorization code'
const lifetimeMs = 10 * 60_000
const keepCodes = systemGrant('keep the authorization codes of people who signed in')

export async function putCode(tx: Writes, content: AuthorizationCode, now: number): Promise<string> {
  const code = `1.${randomBytes(48).toString('base64url')}`
  await tx.sessions.put<Kept>(keepCodes, code, { kind, content, expiresAt: now + lifetimeMs })
  return code
}

export type Use = { clientId: string; redirectUri: string; codeVerifier: string; now: number }

export type CodeOutcome =
  | { readonly outcome: 'good'; readonly content: AuthorizationCode; spend(familyId: string): Promise<void> }
  | { readonly outcome: 'unknown' | 'redeemed' | 'other client' | 'other redirect' | 'wrong verifier' }

/**
 * Looks at a code inside the transaction that is to spend it. A code that comes a second time was stolen, and nobody
 * knows which of the two was the thief: what the first use gave ends.
 */
export async function examineCode(tx: Writes, code: string, use: Use): Promise<CodeOutcome> {
  const session = await tx.sessions.get<Kept>(keepCodes, kind, code, use.now)
  if (!session) return { outcome: 'unknown' }
  const { redeemed, ...content } = session.content
  if (redeemed) {
    if (redeemed.familyId !== '') await endFamily(tx, redeemed.familyId)
    return { outcome: 'redeemed' }
  }
  if (content.clientId !== use.clientId) return { outcome: 'other client' }
  if (content.redirectUri !== use.redirectUri) return { outcome: 'other redirect' }
  if (!answers(content.codeChallenge, use.codeVerifier)) return { outcome: 'wrong verifier' }
  return {
    outcome: 'good',
    content,
    spend: familyId =>
      tx.sessions.put<Kept>(keepCodes, code, { ...session, content: { ...content, redeemed: { familyId } } }),
  }
}

function answers(challenge: string, verifier: string): boolean {
  const expected = Buffer.from(challenge, 'base64url')
  const given = createHash('sha256').update(verifier).digest()
  return expected.length === given.length && timingSafeEqual(expected, given)
}
