import { invalidQuery } from './refusals.ts'

/** For operations that have no `comp`: a request with one means something else, which there is not. Throws 400. */
export function refuseComp(url: URL): void {
  const comp = url.searchParams.get('comp')
  if (comp !== null) throw invalidQuery('comp', comp)
}

/** A signature is one however its parameter is spelled. */
export const isSignature = (parameter: string): boolean => parameter.toLowerCase() === 'sig'

export const hasSignature = (url: URL): boolean => [...url.searchParams.keys()].some(isSignature)
