import { importJWK, type JWK } from 'jose'
import * as z from 'zod'
import { issuerKeysUnavailable } from '../refusals/assertion.ts'

/** The published keys of identity providers that federated credentials name: CI systems, clusters, other clouds. */
export type ExternalIssuers = {
  /**
   * The key that `issuer` publishes under `kid`; undefined when it publishes none. Call it only for issuers that an
   * administrator has named, because it goes out to fetch. Throws AADSTS50166 when the issuer does not answer well.
   */
  key(
    issuer: string,
    kid: string | undefined,
    algorithm: string,
  ): Promise<Awaited<ReturnType<typeof importJWK>> | undefined>
}

type Fetch = typeof globalThis.fetch
type Known = { readonly fetchedAt: number; readonly keys: readonly JWK[] }

const timeoutMs = 5_000
const largestDocument = 256 * 1024
const keepMs = 3_600_000
/** An unknown key id may be a new key, or made up to have us fetch again and again. */
const refetchMs = 60_000
const mostIssuers = 200

const discovery = z.object({ issuer: z.string(), jwks_uri: z.string() })
const keySet = z.object({ keys: z.array(z.looseObject({ kty: z.string() })) })

/** `now` is real time: what the keys' owners live in. */
export function openExternalIssuers({ fetch, now }: { fetch: Fetch; now(): number }): ExternalIssuers {
  const known = new Map<string, Known>()
  const underWay = new Map<string, Promise<Known>>()

  async function load(issuer: string): Promise<Known> {
    const document = discovery.parse(await fetchJson(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`))
    if (document.issuer !== issuer) throw new Error(`its discovery document names the issuer '${document.issuer}'`)
    const { keys } = keySet.parse(await fetchJson(document.jwks_uri))
    const loaded = { fetchedAt: now(), keys: keys as readonly JWK[] }
    if (known.size >= mostIssuers) known.delete(known.keys().next().value ?? '')
    known.set(issuer, loaded)
    return loaded
  }

  async function loadOnce(issuer: string): Promise<Known> {
    const running = underWay.get(issuer) ?? load(issuer).finally(() => underWay.delete(issuer))
    underWay.set(issuer, running)
    try {
      return await running
    } catch (cause) {
      // What is no JSON is not quoted, as its parser would: the document may be one that only this host can read.
      const isMalformed = cause instanceof z.ZodError || cause instanceof SyntaxError
      const detail = isMalformed ? 'a document of it is not well-formed' : (cause as Error).message
      throw issuerKeysUnavailable(issuer, detail)
    }
  }

  async function fetchJson(address: string): Promise<unknown> {
    if (!URL.canParse(address) || new URL(address).protocol !== 'https:')
      throw new Error(`'${address}' is not an https address`)
    const response = await fetch(address, {
      redirect: 'error',
      headers: { accept: 'application/json' },
      signal: AbortSignal.timeout(timeoutMs),
    })
    if (response.status !== 200) throw new Error(`'${address}' answered ${response.status}`)
    const chunks: Uint8Array[] = []
    let size = 0
    for await (const chunk of response.body ?? []) {
      size += chunk.length
      if (size > largestDocument) throw new Error(`'${address}' answered with more than ${largestDocument} bytes`)
      chunks.push(chunk)
    }
    return JSON.parse(Buffer.concat(chunks).toString())
  }

  return {
    async key(issuer, kid, algorithm) {
      let set = known.get(issuer)
      if (!set || set.fetchedAt + keepMs < now()) set = await loadOnce(issuer)
      let found = find(set.keys, kid, algorithm)
      if (!found && set.fetchedAt + refetchMs < now()) found = find((await loadOnce(issuer)).keys, kid, algorithm)
      return found && importJWK(found, algorithm)
    },
  }
}

function find(keys: readonly JWK[], kid: string | undefined, algorithm: string): JWK | undefined {
  const type = algorithm.startsWith('ES') ? 'EC' : 'RSA'
  const usable = keys.filter(key => key.kty === type && key.use !== 'enc' && (!key.alg || key.alg === algorithm))
  // Without a key id there must be no choice.
  return kid === undefined ? (usable.length === 1 ? usable[0] : undefined) : usable.find(key => key.kid === kid)
}
