import { systemGrant } from '../access/grant.ts'
import type { Store } from '../store/open.ts'
import type { Tokens } from './tokens.ts'

const findAudience = systemGrant('find whom a token is to be for')

type KnownAudienceParts = { readonly store: Pick<Store, 'applications'>; readonly tokens: Pick<Tokens, 'audiences'> }

/** Whether anybody answers to this name: one of Azure's services, or an application that somebody registered. */
export async function isKnownAudience({ store, tokens }: KnownAudienceParts, audience: string): Promise<boolean> {
  if (tokens.audiences.isKnown(audience)) return true
  if (await store.applications.get(findAudience, { clientId: audience })) return true
  const wanted = audience.toLowerCase()
  return (await store.applications.list(findAudience)).some(
    ({ clientId, body }) =>
      wanted === `api://${clientId}` || namesOf(body.identifierUris).some(uri => uri.toLowerCase() === wanted),
  )
}

const namesOf = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter(name => typeof name === 'string') : []
