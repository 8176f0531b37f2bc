/** A real identity provider for tests: https on a port of this machine, with a certificate of a CA that only its caller trusts. */

import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import type { RequestListener } from 'node:http'
import { createServer, request } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import type { TestContext } from 'node:test'
import { exportJWK, SignJWT } from 'jose'
import { openLocalCa } from '../../../certificates/local-ca.ts'
import { createSecureContexts } from '../../../certificates/secure-contexts.ts'

export type Issuer = {
  readonly url: string
  /** Reaches the issuer, and nothing whose certificate its CA has not issued. */
  readonly fetch: typeof globalThis.fetch
  /** What has been asked of it, in order. */
  readonly asked: string[]
  /** Answers instead of the usual documents. */
  serve(listener: RequestListener | undefined): void
  rotate(kid: string, algorithm?: 'RS256' | 'ES256'): Promise<void>
  token(claims: Record<string, unknown>, header?: Record<string, unknown>): Promise<string>
}

const clock = { now: Date.now }
const names = { dns: ['localhost'], addresses: [] }

export async function openIssuer(t: TestContext): Promise<Issuer> {
  const dir = await mkdtemp(join(tmpdir(), 'lazuli-issuer-'))
  t.after(() => rm(dir, { recursive: true }))
  const ca = await openLocalCa({ dir, clock, names })
  const credentials = await createSecureContexts({ ca, names, clock }).addressCredentials()

  let signing: { kid: string; alg: 'RS256' | 'ES256'; privateKey: KeyObject; jwk: object } | undefined
  let instead: RequestListener | undefined
  const asked: string[] = []
  const server = createServer(credentials, (incoming, outgoing) => {
    asked.push(incoming.url ?? '')
    if (instead) return instead(incoming, outgoing)
    outgoing.setHeader('content-type', 'application/json')
    const documents: Record<string, unknown> = {
      '/.well-known/openid-configuration': { issuer: url, jwks_uri: `${url}/keys` },
      '/keys': { keys: signing ? [signing.jwk] : [] },
    }
    outgoing.end(JSON.stringify(documents[incoming.url ?? ''] ?? {}))
  })
  await new Promise<void>(resolve => server.listen(0, 'localhost', resolve))
  t.after(() => server.close())
  const url = `https://localhost:${(server.address() as AddressInfo).port}`

  const issuer: Issuer = {
    url,
    asked,
    fetch: trusting(ca.certificate.toString()),
    serve(listener) {
      instead = listener
    },
    async rotate(kid, alg = 'RS256') {
      const { privateKey, publicKey } =
        alg === 'RS256'
          ? generateKeyPairSync('rsa', { modulusLength: 2048 })
          : generateKeyPairSync('ec', { namedCurve: 'P-256' })
      signing = { kid, alg, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } }
    },
    async token(claims, header = {}) {
      if (!signing) throw new Error('rotate first')
      const { alg, kid, privateKey } = signing
      const now = Math.floor(Date.now() / 1000)
      return new SignJWT({ iss: url, iat: now, exp: now + 600, ...claims })
        .setProtectedHeader({ alg, kid, ...header })
        .sign(privateKey)
    },
  }
  await issuer.rotate('first')
  return issuer
}

/** `fetch` as far as it is used here, because the global one cannot be handed a CA. */
function trusting(ca: string): typeof globalThis.fetch {
  return (target, { headers = {}, signal, redirect } = {}) =>
    new Promise((resolve, reject) => {
      const outgoing = request(
        String(target),
        { ca, headers: headers as Record<string, string>, ...(signal ? { signal } : {}) },
        incoming => {
          const status = incoming.statusCode ?? 0
          if (redirect === 'error' && status >= 300 && status < 400) return reject(new TypeError('unexpected redirect'))
          resolve(new Response(Readable.toWeb(incoming) as ReadableStream, { status }))
        },
      )
      outgoing.once('error', reject)
      outgoing.end()
    })
}
