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

/** A signature is one however its parameter is spelled. */
export const isSignature = (parameter: string): boolean => parameter.toLowerCase() === 'sig'

export const hasSignature = (url: URL): boolean => [...url.searchParams.keys()].some(isSignature)
