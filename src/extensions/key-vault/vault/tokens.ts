/** Tokens of the machine's identities, from the metadata service of Azure's machines or that of Arc. */

import type { Identity } from '../settings/wish.ts'
import { arcKey } from './arc.ts'
import { FetchFailure } from './failure.ts'
import { type Answer, errorText, type Get, retryAfterMs } from './http.ts'

export type Tokens = {
  /** Rejects with FetchFailure. `resource` goes out as it is: Azure's vaults refuse a slash at its end. */
  get(identity: Identity, resource: string): Promise<string>
  /** The vault did not take it. */
  drop(identity: Identity, resource: string): void
  /** The clock has jumped: nothing is known any more. */
  dropAll(): void
}

type Issued = { readonly token: string; readonly lifetimeMs: number }
type Held = { readonly token: Promise<string>; untilMs: number }

/** Metadata services hand out the same token again until shortly before its end. */
const marginMs = 5 * 60_000
const [azureVersion, arcVersion] = ['2018-02-01', '2020-06-01']
const arcPort = '40342'

/** The first words are those of Azure's extension. */
const nothingSaid =
  'Attempt to get non-existent AuthConfig: set authenticationSettings.msiEndpoint and msiClientId. They are part of the settings, beside secretsManagementSettings; next to "settings" they are not used'

export function openTokens({ get, now, arcFolder }: { get: Get; now: () => number; arcFolder?: string }): Tokens {
  const held = new Map<string, Held>()
  const keyOf = ({ endpoint, clientId = '' }: Identity, resource: string) => `${endpoint} ${clientId} ${resource}`

  async function ask(identity: Identity, resource: string): Promise<Issued> {
    const { endpoint, clientId } = identity
    const version = new URL(endpoint).port === arcPort ? arcVersion : azureVersion
    const query = new URLSearchParams({
      'api-version': version,
      resource,
      ...(clientId ? { client_id: clientId } : {}),
    })
    const url = `${endpoint}/oauth2/token?${query}`
    const headers = { Metadata: 'true' }
    const first = await get(url, headers)
    const challenge = first.status === 401 ? first.header('www-authenticate') : undefined
    const answer = challenge
      ? await get(url, { ...headers, Authorization: `Basic ${arcKey(challenge, arcFolder)}` })
      : first
    return read(answer, identity)
  }

  function read(answer: Answer, { clientId }: Identity): Issued {
    if (answer.status !== 200) throw refused(answer, clientId)
    const { access_token: token, expires_in: lifetimeSec } = parse(answer)
    if (typeof token !== 'string' || token === '')
      throw new FetchFailure('unreachable', 'The metadata service answers without a token')
    if (clientId === undefined && isUserAssigned(token))
      throw new FetchFailure('identity', `The machine has a user-assigned identity. ${nothingSaid}`)
    return { token, lifetimeMs: Number(lifetimeSec ?? 3600) * 1000 || 0 }
  }

  function refused(answer: Answer, clientId: string | undefined): FetchFailure {
    const said = `The metadata service gives no token: ${errorText(answer)}`
    const isRefusal = answer.status === 400 || answer.status === 401 || answer.status === 403
    if (!isRefusal) return new FetchFailure('unreachable', said, retryAfterMs(answer, Date.now()))
    if (clientId === undefined && /\bmultiple user[ -]assigned\b/i.test(answer.text))
      return new FetchFailure('identity', `${said}. ${nothingSaid}`)
    // An identity may be assigned, or known everywhere, only after this was started.
    const hint = clientId
      ? `Is ${clientId} the client id (not the object id) of an identity that is assigned to this machine?`
      : 'Assign an identity to the machine; where it has user-assigned ones, set authenticationSettings.msiClientId.'
    return new FetchFailure('denied', `${said}. ${hint}`)
  }

  return {
    get(identity, resource) {
      const key = keyOf(identity, resource)
      const known = held.get(key)
      if (known && known.untilMs > now()) return known.token
      const asked = ask(identity, resource)
      const entry: Held = { token: asked.then(({ token }) => token), untilMs: Number.POSITIVE_INFINITY }
      held.set(key, entry)
      asked.then(
        ({ lifetimeMs }) => {
          entry.untilMs = now() + Math.max(lifetimeMs - marginMs, 0)
        },
        () => held.delete(key),
      )
      return entry.token
    },
    drop: (identity, resource) => void held.delete(keyOf(identity, resource)),
    dropAll: () => held.clear(),
  }
}

function parse(answer: Answer): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(answer.text)
  } catch {
    // Whatever it is, it may have a token in it, which must not be shown.
    throw new FetchFailure('unreachable', 'The metadata service answers something that is no JSON')
  }
}

/** The token says which resource it belongs to. Nothing depends on its signature here. */
function isUserAssigned(token: string): boolean {
  try {
    const { xms_mirid: owner } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'))
    return /\/providers\/Microsoft\.ManagedIdentity\/userAssignedIdentities\//i.test(String(owner))
  } catch {
    // Tokens are the business of those who check them.
    return false
  }
}
