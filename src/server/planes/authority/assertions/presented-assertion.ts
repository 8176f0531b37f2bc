import { decodeJwt, decodeProtectedHeader, errors } from 'jose'
import * as z from 'zod'
import type { Context } from '../../../door/operation.ts'
import { assertionMalformed, assertionOutOfTime } from '../refusals/assertion.ts'

const claimsOf = z.looseObject({
  iss: z.string(),
  sub: z.string(),
  aud: z.union([z.string(), z.array(z.string())]),
  exp: z.number(),
  nbf: z.number().optional(),
})

/** A JSON Web Token by which a client says who it is, read but not yet believed. */
export type PresentedAssertion = {
  readonly token: string
  readonly header: { readonly alg?: string; readonly kid?: string; readonly x5t?: string; readonly 'x5t#S256'?: string }
  readonly claims: z.infer<typeof claimsOf>
  readonly audiences: readonly string[]
}

/** Throws AADSTS50027 for what is not such a token. */
export function readAssertion(token: string): PresentedAssertion {
  try {
    const header = decodeProtectedHeader(token)
    const claims = claimsOf.safeParse(decodeJwt(token))
    if (!claims.success) throw assertionMalformed('iss, sub, aud and exp are needed')
    const { aud } = claims.data
    return {
      token,
      header: header as PresentedAssertion['header'],
      claims: claims.data,
      audiences: Array.isArray(aud) ? aud : [aud],
    }
  } catch (error) {
    if (error instanceof errors.JOSEError || error instanceof TypeError)
      throw assertionMalformed('it cannot be decoded')
    throw error
  }
}

const leewaySec = 300

/**
 * Throws AADSTS700024 outside of the assertion's time. Whoever made it lives in real time, also while Lazuli's own clock
 * has been shifted.
 */
export function requireTimely(
  { clock }: Pick<Context, 'clock'>,
  { claims }: PresentedAssertion,
  longestSec = Number.POSITIVE_INFINITY,
): void {
  const now = (clock.now() - clock.shiftMs) / 1000
  if (claims.exp + leewaySec <= now) throw assertionOutOfTime('it has expired')
  if ((claims.nbf ?? 0) - leewaySec > now) throw assertionOutOfTime('it is not valid yet')
  if (claims.exp - leewaySec > now + longestSec)
    throw assertionOutOfTime(`it is valid for more than ${longestSec} seconds`)
}
