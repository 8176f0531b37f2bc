/**
 * The endpoint that came before 169.254.169.254: `POST http://localhost:50342/oauth2/token` with a form, or GET with the
 * same as a query. It keeps no secrets and decides nothing: the machine's metadata service does, and is asked each time.
 */

import { json, type MetadataRequest, type MetadataResponse } from '../../metadata/exchange.ts'
import { parseQuery } from '../../metadata/query.ts'
import {
  failed,
  forwardedRequest,
  metadataHeaderMissing,
  methodNotAllowed,
  Refusal,
  renderRefusal,
} from '../../metadata/refusal.ts'

export type EndpointRequest = MetadataRequest & {
  /** As it was sent; empty when there was none. */
  readonly body: string
}

/** What the metadata service answers to a path with its query. Rejects when there is no answer. */
export type AskMetadata = (path: string) => Promise<MetadataResponse>

const metadataPath = '/metadata/identity/oauth2/token'
/** The first version that gives tokens. */
const metadataVersion = '2018-02-01'

/** In the order in which it was always printed. Today's metadata service says more than clients of this endpoint know. */
const fields = ['access_token', 'refresh_token', 'expires_in', 'expires_on', 'not_before', 'resource', 'token_type']

/** Resolves for every request, whatever it is. */
export async function answer(request: EndpointRequest, ask: AskMetadata): Promise<MetadataResponse> {
  try {
    const wish = wishOf(request)
    const given = await ask(`${metadataPath}?${wish}`)
    return given.status === 200 ? tokenAnswer(given) : given
  } catch (error) {
    return renderRefusal(error instanceof Refusal ? error : failed(), 'identity')
  }
}

function wishOf({ method, path, query, body, headers }: EndpointRequest): string {
  const host = headers('host') ?? ''
  // A page in a browser can have its own name point to this machine, and so ask whatever listens here.
  const isLocal = /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/i.test(host)
  if (!isLocal || !/^\/oauth2\/token\/?$/.test(path)) throw unknownSource(path)
  if (method !== 'GET' && method !== 'POST') throw onlyGetAndPost(path, method)
  if (headers('x-forwarded-for') !== undefined) throw forwardedRequest()
  if (headers('metadata')?.trim().toLowerCase() !== 'true') throw metadataHeaderMissing()
  const sent = parseQuery([query, method === 'POST' ? body.trim() : ''].filter(part => part !== '').join('&'))
  const wish = [...sent].filter(([name]) => name !== 'api-version')
  return new URLSearchParams([['api-version', metadataVersion], ...wish]).toString()
}

function tokenAnswer({ status, body }: MetadataResponse): MetadataResponse {
  const token = Object.entries(JSON.parse(body))
  const kept = fields.flatMap(field => token.filter(([name]) => name === field))
  return json(status, Object.fromEntries(kept))
}

const unknownSource = (path: string) => new Refusal(`Unknown Source ${path}`, { status: 401, code: 'unknown_source' })

function onlyGetAndPost(path: string, method: string): Refusal {
  const { message, wording } = methodNotAllowed(path, method)
  return new Refusal(message, { ...wording, headers: { allow: 'GET, POST' } })
}
