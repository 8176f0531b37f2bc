/**
 * How an agent proves which machine it is: a JSON Web Token (RFC 7519) that it signs itself with the Ed25519 key
 * (RFC 8037) that was put into the machine when it was made.
 */

/** Who such a token is for; nobody else takes it. */
export const machineAudience = 'urn:lazuli:machine'

export const machineTokenHeader = { typ: 'JWT', alg: 'EdDSA' } as const

/** Times are seconds since 1970. */
export type MachineClaims = {
  /** The vmId. */
  readonly sub: string
  readonly aud: typeof machineAudience
  readonly iat: number
  readonly exp: number
}

/** A token that lives longer is not taken. */
export const machineTokenLifetimeSec = 600
