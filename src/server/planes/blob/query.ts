import type { Operation } from '../../door/operation.ts'
import { invalidQuery } from './refusals.ts'

/**
 * A request that says more about what it is for than the operation does means something else, which there is not: a
 * container would be deleted by who wants its `comp=acl` removed. Browsers ask beforehand about any. Throws 400.
 */
export function refuseOtherMeaning({ route, query = '' }: Pick<Operation, 'route' | 'query'>, url: URL): void {
  if (url.search === '' || route.startsWith('OPTIONS ')) return
  for (const [name, value] of url.searchParams) {
    const spelled = name.toLowerCase()
    if (['comp', 'restype'].includes(spelled) && !query.includes(`${spelled}=`)) throw invalidQuery(name, value)
  }
}

/** The service knows parameters however they are spelled, and az's own help spells `versionId`. */
export const valuesIn = ({ searchParams }: URL, name: string): string[] =>
  [...searchParams].filter(([key]) => key.toLowerCase() === name).map(([, value]) => value)

/** The parameters that choose an operation, with their names in lower case. */
export function routingQuery({ searchParams }: URL): URLSearchParams {
  for (const name of searchParams.keys())
    if (name !== name.toLowerCase())
      return new URLSearchParams([...searchParams].map(([key, value]): [string, string] => [key.toLowerCase(), value]))
  return searchParams
}

/** A signature is one however its parameter is spelled. */
export const isSignature = (parameter: string): boolean => parameter.toLowerCase() === 'sig'

export const hasSignature = (url: URL): boolean => [...url.searchParams.keys()].some(isSignature)

/** What is kept after its deletion is kept for as long as the account says: no account lets it be deleted before. Throws 400. */
export function refusePermanent(url: URL): void {
  const [type] = valuesIn(url, 'deletetype')
  if (type !== undefined) throw invalidQuery('deletetype', type, 'Permanent deletion is not enabled on this account.')
}
