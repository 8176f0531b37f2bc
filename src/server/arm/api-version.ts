import { invalidApiVersion, missingApiVersion } from './errors.ts'

/** The request's api-version, which must be one of those a type knows. Throws 400. */
export function apiVersionOf(url: URL, supported: readonly string[]): string {
  const asked = url.searchParams.get('api-version')?.trim().toLowerCase()
  if (asked === undefined || asked === '') throw missingApiVersion()
  if (!supported.includes(asked)) throw invalidApiVersion(asked, supported)
  return asked
}
