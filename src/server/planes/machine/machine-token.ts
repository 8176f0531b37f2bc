import { createPublicKey, verify } from 'node:crypto'
import * as z from 'zod'
import { machineAudience, machineTokenLifetimeSec } from '../../../wire/machine-token.ts'

const header = z.object({ typ: z.literal('JWT'), alg: z.literal('EdDSA') })
const claims = z.object({ sub: z.guid(), aud: z.literal(machineAudience), iat: z.number(), exp: z.number() })

export type MachineVerdict =
  | { readonly valid: true }
  | { readonly valid: false; readonly reason: 'invalid' | 'expired' }

/** The machine's clock and ours may differ by this much. */
const skewSec = 300

/** Whose token it claims to be; undefined for what is no such token. Nothing is checked yet. */
export function claimedMachine(token: string): string | undefined {
  return readParts(token)?.claims.sub
}

/** Checks a token against the public key (base64 of an SPKI) of the machine that it claims to be from. */
export function verifyMachineToken(token: string, publicKey: string, nowMs: number): MachineVerdict {
  const parts = readParts(token)
  if (!parts) return { valid: false, reason: 'invalid' }
  const key = createPublicKey({ key: Buffer.from(publicKey, 'base64'), format: 'der', type: 'spki' })
  if (key.asymmetricKeyType !== 'ed25519') return { valid: false, reason: 'invalid' }
  if (!verify(null, parts.content, key, parts.signature)) return { valid: false, reason: 'invalid' }
  const { iat, exp } = parts.claims
  const now = nowMs / 1000
  if (exp - iat > machineTokenLifetimeSec || iat > now + skewSec) return { valid: false, reason: 'invalid' }
  return exp + skewSec <= now ? { valid: false, reason: 'expired' } : { valid: true }
}

function readParts(token: string) {
  const [head = '', body = '', signature = '', ...more] = token.split('.')
  if (more.length > 0 || !header.safeParse(decoded(head)).success) return undefined
  const read = claims.safeParse(decoded(body))
  if (!read.success) return undefined
  return { claims: read.data, content: Buffer.from(`${head}.${body}`), signature: Buffer.from(signature, 'base64url') }
}

function decoded(part: string): unknown {
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
