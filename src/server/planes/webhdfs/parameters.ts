import { illegalArgument } from './refusals.ts'

/** The query, with names in lower case: Python writes `OP` and `aclSpec`, Java `op` and `aclspec`. */
export function parametersOf(url: URL): URLSearchParams {
  const folded = new URLSearchParams()
  for (const [name, value] of url.searchParams) folded.append(name.toLowerCase(), value)
  return folded
}

/** Python writes `True`. */
export const isTrue = (parameters: URLSearchParams, name: string) => parameters.get(name)?.toLowerCase() === 'true'

/** Throws 400 for what is no whole number of at least zero. */
export function numberIn(parameters: URLSearchParams, name: string): number | undefined {
  const text = parameters.get(name)
  if (text === null || text === '') return undefined
  if (!/^\d{1,15}$/.test(text)) throw illegalArgument(`Invalid value for parameter ${name}: ${text.slice(0, 50)}`)
  return Number(text)
}

/** `770`, or `1770`. Throws 400. */
export function permissionIn(parameters: URLSearchParams): number | undefined {
  const text = parameters.get('permission')
  if (text === null || text === '') return undefined
  if (!/^[01]?[0-7]{3}$/.test(text))
    throw illegalArgument(`Invalid value for parameter permission: ${text.slice(0, 50)}`)
  return Number.parseInt(text, 8)
}
