import type { Identity, SecretUrl } from '../settings/wish.ts'
import { resourceOf } from './challenge.ts'
import { FetchFailure } from './failure.ts'
import { type Answer, errorText, type Get, retryAfterMs } from './http.ts'
import type { Tokens } from './tokens.ts'

export type Secret = {
  /** 32 hexadecimal digits. */
  readonly version: string
  readonly value: string
}

export type FetchSecret = (url: SecretUrl, identity: Identity) => Promise<Secret>

/** Known to every vault there is. */
const apiVersion = '7.4'

/** Reads secrets with the one permission that is needed for it, `secrets/get`. Rejects with FetchFailure. */
export function openSecrets({ get, tokens, now }: { get: Get; tokens: Tokens; now: () => number }): FetchSecret {
  /** By the vault's origin: what its tokens are for. */
  const resources = new Map<string, string>()

  return async (url, identity) => {
    const { origin, name, version } = url
    const address = `${origin}/secrets/${name}${version === undefined ? '' : `/${version}`}?api-version=${apiVersion}`
    const ask = async (resource: string) =>
      get(address, { Authorization: `Bearer ${await tokens.get(identity, resource)}`, Accept: 'application/json' })
    const challenged = (answer: Answer) => {
      const resource = resourceOf(answer.header('www-authenticate'), origin)
      resources.set(origin, resource)
      return resource
    }

    const known = resources.get(origin)
    const first = known === undefined ? await get(address, { Accept: 'application/json' }) : await ask(known)
    if (first.status !== 401) return read(first, url, now())
    // It may be a token that has been good once, or a vault that has moved to another domain.
    if (known !== undefined) tokens.drop(identity, known)
    return read(await ask(challenged(first)), url, now())
  }
}

function read(answer: Answer, { origin, name, version }: SecretUrl, nowMs: number): Secret {
  const { host } = new URL(origin)
  const said = `${host} answers ${errorText(answer)}`
  switch (answer.status) {
    case 200:
      return parse(answer.text, host)
    case 401:
    case 403:
      throw new FetchFailure(
        'denied',
        `${said}. The identity needs the role Key Vault Secrets User, or the permission secrets/get`,
      )
    case 404:
      throw new FetchFailure(
        'missing',
        `${said}. Is there a certificate '${name}'${version ? ` of version ${version}` : ''} in the vault?`,
      )
    case 429:
    case 503:
      throw new FetchFailure('throttled', said, retryAfterMs(answer, nowMs))
    default:
      throw new FetchFailure('unreachable', said)
  }
}

function parse(text: string, host: string): Secret {
  const { id, value } = parseJson(text) ?? {}
  // It becomes part of a path.
  const version = typeof id === 'string' ? /\/([0-9a-f]{32})\/?$/i.exec(id)?.[1] : undefined
  if (version === undefined || typeof value !== 'string')
    throw new FetchFailure('content', `${host} answers something that is no secret`)
  return { version, value }
}

function parseJson(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    return JSON.parse(text)
  } catch {
    // The parser's message would quote it.
    return undefined
  }
}
