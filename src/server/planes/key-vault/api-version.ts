import { badParameter } from '../../vaults/refusals.ts'

const named = ['2015-06-01', '2016-10-01']

/**
 * The version that a request is made in. All from 7.0 on are taken, also ones that do not exist yet: clients are
 * upgraded before servers, and what a newer one adds is left out of the answer. Throws 400.
 */
export function vaultApiVersion(url: URL): string {
  const asked = url.searchParams.get('api-version')?.trim().toLowerCase() ?? ''
  if (asked === '') throw badParameter('api-version must be specified')
  const isKnown =
    named.includes(asked) ||
    /^7\.\d{1,2}(-preview(\.\d+)?)?$/.test(asked) ||
    (/^20\d\d-(0[1-9]|1[0-2])-([0-2]\d|3[01])(-preview(\.\d+)?)?$/.test(asked) && asked >= '2025-06-01')
  if (!isKnown) throw badParameter(`api-version ${asked.slice(0, 64)} is not supported`)
  return asked
}

/** In the order of their making: `7.2`, `7.10`, `2025-07-01`. Dates before 2025 came before 7.0. */
export function isAtLeast(version: string, other: string): boolean {
  return version === other || rank(version) >= rank(other)
}

const rank = (version: string): number => {
  if (!version.startsWith('20')) return Number.parseInt(version.slice('7.'.length), 10)
  const year = Number.parseInt(version, 10)
  return year < 2025 ? -1 : 1000 + (year - 2025) * 12 + Number.parseInt(version.slice('2025-'.length), 10)
}
