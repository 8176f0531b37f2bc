import { sign as cryptoSign, type KeyObject, randomUUID } from 'node:crypto'
import { promisify } from 'node:util'
import { compactVerify, errors } from 'jose'
import * as z from 'zod'
import type { Clock } from '../clock.ts'
import type { Config } from '../config.ts'
import { audiences } from './audiences.ts'
import type { SigningKeys } from './signing-keys.ts'

/** What every access token says; the rest depends on who it is for. Times are seconds since 1970. */
const accessClaims = z.looseObject({
  aud: z.string(),
  iss: z.string(),
  iat: z.number(),
  nbf: z.number(),
  exp: z.number(),
  oid: z.string(),
  tid: z.string(),
})
export type AccessClaims = Readonly<z.infer<typeof accessClaims>>

export type Issued = { readonly token: string; readonly notBefore: number; readonly expiresOn: number }

export type Verdict =
  | { readonly valid: true; readonly claims: AccessClaims }
  | { readonly valid: false; readonly reason: 'invalid' | 'expired' | 'audience' | 'tenant' }

export type Tokens = {
  /** An access token in the v1 form, which is the one all of Azure's planes take. Backdated by five minutes, as Azure's are. */
  issueAccess(wish: {
    audience: string
    lifetimeSec: number
    claims: Record<string, unknown> & { oid: string }
  }): Promise<Issued>
  /** Any other JSON Web Token under the same keys, such as an id token. */
  sign(claims: Record<string, unknown>): Promise<string>
  verify(token: string, acceptsAudience: (audience: string) => boolean): Promise<Verdict>
  readonly audiences: ReturnType<typeof audiences>
  readonly keys: SigningKeys
  readonly issuer: string
}

const signInAnotherThread = promisify(cryptoSign)

const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

// From a UUID, because those are drawn from a pool: 16 random bytes by themselves take ten times as long.
const uniqueId = () => Buffer.from(randomUUID().replaceAll('-', ''), 'hex').toString('base64url')

export const backdatedSec = 300
const rememberedTokens = 2_000
/** Of a signature, 240 bits: two tokens of ours never end alike. */
const endingLength = 40

/** What is known of a token whose signature is good. */
type Known = { readonly kid: string; readonly claims: AccessClaims }

export function openTokens(parts: { config: Config; clock: Clock; keys: SigningKeys; tenantId: string }): Tokens {
  const { clock, keys, tenantId } = parts
  const issuer = `https://sts.windows.net/${tenantId}/`
  // A signature that was good stays good while its key is published; only the times are asked anew. They are found by
  // how they end, and are then the same to the last letter or not known: a digest of each token takes ten times as long.
  const good = new Map<string, Known & { token: string }>()

  // The compact form of RFC 7515 by hand: with a library around it, a token takes a fifth longer than its signature.
  async function sign(claims: Record<string, unknown>): Promise<string> {
    const { kid, privateKey } = await keys.active()
    const content = `${encoded({ typ: 'JWT', alg: 'RS256', x5t: kid, kid })}.${encoded(claims)}`
    const signature = await signInAnotherThread('RSA-SHA256', Buffer.from(content), privateKey)
    return `${content}.${signature.toString('base64url')}`
  }

  async function verifySignature(token: string): Promise<Known | undefined> {
    try {
      const { payload, protectedHeader } = await compactVerify(token, ({ kid = '' }) => publishedKey(kid), {
        algorithms: ['RS256'],
      })
      const claims = accessClaims.safeParse(JSON.parse(Buffer.from(payload).toString()))
      if (!claims.success || claims.data.iss !== issuer) return undefined
      return { kid: protectedHeader.kid ?? '', claims: claims.data }
    } catch (error) {
      if (error instanceof errors.JOSEError || error instanceof TypeError || error instanceof SyntaxError)
        return undefined
      throw error
    }
  }

  function publishedKey(kid: string): KeyObject {
    const key = keys.publicKey(kid)
    if (!key) throw new errors.JWSSignatureVerificationFailed()
    return key
  }

  return {
    audiences: audiences(parts.config),
    keys,
    issuer,
    sign,

    async issueAccess({ audience, lifetimeSec, claims }) {
      const notBefore = Math.floor(clock.now() / 1000) - backdatedSec
      const expiresOn = notBefore + backdatedSec + lifetimeSec
      const token = await sign({
        aud: audience,
        iss: issuer,
        iat: notBefore,
        nbf: notBefore,
        exp: expiresOn,
        idp: issuer,
        tid: tenantId,
        ver: '1.0',
        uti: uniqueId(),
        sub: claims.oid,
        ...claims,
      })
      return { token, notBefore, expiresOn }
    },

    async verify(token, acceptsAudience) {
      const ending = token.slice(-endingLength)
      const remembered = good.get(ending)
      let known: Known | undefined = remembered?.token === token ? remembered : undefined
      if (known && !keys.publicKey(known.kid)) {
        good.delete(ending)
        known = undefined
      }
      if (!known) {
        known = await verifySignature(token)
        if (!known) return { valid: false, reason: 'invalid' }
        if (good.size >= rememberedTokens) good.delete(good.keys().next().value ?? '')
        good.set(ending, { ...known, token })
      }
      const { claims } = known
      const now = clock.now() / 1000
      if (claims.tid !== tenantId) return { valid: false, reason: 'tenant' }
      if (!acceptsAudience(claims.aud)) return { valid: false, reason: 'audience' }
      if (claims.exp <= now) return { valid: false, reason: 'expired' }
      if (claims.nbf > now) return { valid: false, reason: 'invalid' }
      return { valid: true, claims }
    },
  }
}
