import { byCodeUnit } from './header-order.ts'
import type { Query } from './query.ts'
import type { Sas, SasField } from './sas.ts'

/** What a request is for, as far as a signature names it. Names are decoded. */
export type SignedPlace = {
  readonly account: string
  readonly container?: string
  readonly blob?: string
  /** The time that names one of it. */
  readonly snapshot?: string
  readonly version?: string
}

/** The lines that say which request headers and parameters a signature insists on, and with which values. */
export type Insisted = { readonly headers: Headers; readonly query: Query }

const tail = ['rscc', 'rscd', 'rsce', 'rscl', 'rsct'] as const

/**
 * The text that was signed, by the version of the signature; each version only adds lines. Undefined when the signature
 * cannot be for this place at all.
 */
export function sasStringToSign(sas: Sas, place: SignedPlace, insisted: Insisted): string | undefined {
  if (sas.kind === 'account') return accountStringToSign(sas, place.account)
  const resource = canonicalResource(sas, place)
  if (resource === undefined) return undefined
  const since = (version: string, ...lines: readonly string[]) => (sas.version >= version ? lines : [])
  const fields = (...names: readonly SasField[]) => names.map(name => sas.field(name))
  const at = { bs: place.snapshot, bv: place.version }[sas.field('sr')] ?? ''
  const signer =
    sas.kind === 'service'
      ? fields('si')
      : [
          ...fields('skoid', 'sktid', 'skt', 'ske', 'sks', 'skv'),
          ...since('2020-02-10', ...fields('saoid', 'suoid', 'scid')),
          ...since('2025-07-05', ...fields('skdutid', 'sduoid')),
        ]
  return [
    ...fields('sp', 'st', 'se'),
    resource,
    ...signer,
    ...fields('sip', 'spr', 'sv'),
    ...since('2018-11-09', sas.field('sr'), at),
    ...since('2020-12-06', sas.field('ses')),
    ...(sas.kind === 'delegation' ? since('2026-04-06', ...insistedLines(sas, insisted)) : []),
    ...fields(...tail),
  ].join('\n')
}

function accountStringToSign(sas: Sas, account: string): string {
  const names: readonly SasField[] = ['sp', 'ss', 'srt', 'st', 'se', 'sip', 'spr', 'sv']
  const scope = sas.version >= '2020-12-06' ? [sas.field('ses')] : []
  return [account, ...names.map(name => sas.field(name)), ...scope, ''].join('\n')
}

/** The container, the blob, or a folder so many levels deep, that the signature is for. */
function canonicalResource(sas: Sas, { account, container, blob, snapshot, version }: SignedPlace): string | undefined {
  if (container === undefined) return undefined
  const above = `/blob/${account}/${container}`
  switch (sas.field('sr')) {
    case 'c':
      return above
    // For one of its snapshots or versions, and not for the blob itself.
    case 'bs':
      return blob === undefined || snapshot === undefined ? undefined : `${above}/${blob}`
    case 'bv':
      return blob === undefined || version === undefined ? undefined : `${above}/${blob}`
    case 'b':
      return blob === undefined ? undefined : `${above}/${blob}`
    case 'd':
      return blob === undefined ? undefined : folderResource(above, blob, sas.field('sdd'))
    default:
      return undefined
  }
}

function folderResource(above: string, blob: string, depth: string): string | undefined {
  if (!/^\d{1,3}$/.test(depth)) return undefined
  const segments = blob.split('/')
  if (segments.length < Number(depth)) return undefined
  return [above, ...segments.slice(0, Number(depth))].join('/')
}

function insistedLines(sas: Sas, { headers, query }: Insisted): readonly [string, string] {
  const names = (field: SasField) =>
    sas
      .field(field)
      .split(',')
      .filter(name => name !== '')
  const valuesOf = (wanted: string) =>
    query
      .filter(([name]) => name.toLowerCase() === wanted.toLowerCase())
      .map(([, value]) => value)
      .toSorted(byCodeUnit)
      .join(',')
  return [
    names('srh')
      .map(name => `${name}:${headers.get(name) ?? ''}\n`)
      .join(''),
    names('srq')
      .map(name => `\n${name}:${valuesOf(name)}`)
      .join(''),
  ]
}
