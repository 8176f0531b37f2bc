import { isIP } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { calculateJwkThumbprint } from 'jose'
import * as z from 'zod'
import type { HttpChallenges } from '../http-challenges.ts'
import { type AcmeAnswer, type AcmeConnection, type AcmeParts, connectAcme } from './connection.ts'
import { AcmeFailure, refusedBy } from './failure.ts'

const problem = z.looseObject({ type: z.unknown(), detail: z.unknown() }).nullish()
const order = z.looseObject({
  status: z.string(),
  authorizations: z.array(z.url()),
  finalize: z.url(),
  certificate: z.url().optional(),
  error: problem,
})
const challenge = z.looseObject({
  type: z.string(),
  url: z.url(),
  token: z.string().optional(),
  status: z.string().optional(),
  error: problem,
})
const authorization = z.looseObject({
  status: z.string(),
  identifier: z.looseObject({ value: z.string() }),
  challenges: z.array(challenge),
})

/** An order that is not done by then is given up, and begun again later. */
const mostPolls = 120

/**
 * Has an ACME server (RFC 8555) issue what a request asks for, and answers with the certificate and its issuers in PEM.
 * It proves to control the names by HTTP (§8.3): whoever runs them leads `/.well-known/acme-challenge/` to Lazuli's port.
 */
export async function issueByAcme(
  parts: AcmeParts & { readonly challenges: HttpChallenges },
  { csr, names }: { readonly csr: Uint8Array; readonly names: readonly string[] },
): Promise<string> {
  if (names.length === 0)
    throw new AcmeFailure('An ACME server certifies names of hosts, and there is none', { mayPass: false })
  const wildcard = names.find(name => name.startsWith('*.'))
  if (wildcard !== undefined) {
    throw new AcmeFailure(`${wildcard} can only be proved through DNS, which is not supported`, { mayPass: false })
  }
  const connection = await connectAcme(parts)
  const identifiers = names.map(value => ({ type: isIP(value) === 0 ? 'dns' : 'ip', value }))
  const placed = await connection.newOrder({ identifiers })
  if (placed.location === undefined) throw new AcmeFailure('The ACME server has named no order', { mayPass: true })
  const { authorizations, finalize } = read(order, await placed.response.json())

  for (const url of authorizations) await prove(parts, connection, url)
  await connection.post(finalize, { csr: Buffer.from(csr).toString('base64url') })
  const done = await until(parts, connection, placed.location, order, found => {
    if (found.status === 'invalid') throw refusedBy(found.error ?? {}, 'The ACME server has refused the order')
    return found.status === 'valid' && found.certificate !== undefined
  })
  const chain = await connection.post(done.certificate ?? '', undefined, 'application/pem-certificate-chain')
  return chain.response.text()
}

async function prove(
  parts: AcmeParts & { readonly challenges: HttpChallenges },
  connection: AcmeConnection,
  url: string,
): Promise<void> {
  const { status, identifier, challenges } = read(authorization, await (await connection.post(url)).response.json())
  if (status === 'valid') return
  const byHttp = challenges.find(({ type }) => type === 'http-01')
  if (byHttp?.token === undefined) {
    throw new AcmeFailure(`The ACME server does not let ${identifier.value} be proved by HTTP`, { mayPass: false })
  }
  const { token } = byHttp
  const withdraw = parts.challenges.put(token, `${token}.${await calculateJwkThumbprint(connection.publicJwk)}`)
  try {
    await connection.post(byHttp.url, {})
    await until(parts, connection, url, authorization, found => {
      if (found.status === 'valid') return true
      if (found.status === 'pending') return false
      const failed = found.challenges.find(({ error }) => error)?.error ?? {}
      // Not for good: a host whose way to us is not there yet gets it later.
      const refusal = refusedBy(failed, `The ACME server could not make sure of ${identifier.value}`)
      throw new AcmeFailure(refusal.message, { mayPass: false })
    })
  } finally {
    withdraw()
  }
}

async function until<T>(
  { signal }: AcmeParts,
  connection: AcmeConnection,
  url: string,
  shape: z.ZodType<T>,
  isDone: (found: T) => boolean,
): Promise<T> {
  for (let poll = 0; poll < mostPolls; poll++) {
    const answer: AcmeAnswer = await connection.post(url)
    const found = read(shape, await answer.response.json())
    if (isDone(found)) return found
    await pause(answer.retryAfterMs, undefined, { signal })
  }
  throw new AcmeFailure('The ACME server does not get done', { mayPass: true })
}

function read<T>(shape: z.ZodType<T>, value: unknown): T {
  const found = shape.safeParse(value)
  if (found.success) return found.data
  throw new AcmeFailure('The ACME server has answered with something else than RFC 8555 says', { mayPass: true })
}
