import { asRecord } from '../../host/unknown.ts'
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
      throw new FetchFailure('denied', `${said}. The vault does not take the token of this machine's identity`)
    case 403:
      throw new FetchFailure('denied', [said, ...hintOf(innerCode(answer))].join('. '))
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

/** What helps against each kind of "Forbidden"; of one that is not known, its own text has to be enough. */
function hintOf(inner: string | undefined): string[] {
  switch (inner?.toLowerCase()) {
    case undefined:
    case 'forbiddenbyrbac':
    case 'forbiddenbypolicy':
    case 'accessdenied':
      return ['The identity needs the role Key Vault Secrets User, or the permission secrets/get']
    case 'secretdisabled':
      return ['The certificate, or this version of it, has been disabled in the vault: enable it there']
    case 'forbiddenbyfirewall':
      return ["The vault's firewall (networkAcls) has to let this machine's address in"]
    case 'forbiddenbyconnection':
      return ['The vault has no public access (publicNetworkAccess), and this machine does not come in another way']
    default:
      return []
  }
}

function innerCode({ text }: Answer): string | undefined {
  const error = asRecord(asRecord(parseJson(text)).error)
  const { code } = asRecord(error.innererror ?? error.innerError)
  return typeof code === 'string' ? code : undefined
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
