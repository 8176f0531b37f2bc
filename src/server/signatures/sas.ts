import { isHeaderValue } from '../header-value.ts'
import type { Query } from './query.ts'
import { failed, fieldsNotWellFormed, isMandatory, type Refusal } from './refusal.ts'

/** The three kinds of shared access signatures: for one container or blob, for an account, and by a delegated key. */
export type Sas = {
  readonly kind: 'service' | 'account' | 'delegation'
  /** `sv`, which decides what exactly is signed. */
  readonly version: string
  readonly signature: string
  /** As the query has it, decoded: what is signed is this text, not what it means. Fields that are absent are empty. */
  field(name: SasField): string
}

export type SasField = (typeof sasFields)[number]

const sasFields = [
  ...['sv', 'sp', 'st', 'se', 'sip', 'spr', 'ses', 'sig'],
  ...['ss', 'srt'],
  ...['sr', 'si', 'sdd', 'rscc', 'rscd', 'rsce', 'rscl', 'rsct'],
  ...['skoid', 'sktid', 'skt', 'ske', 'sks', 'skv', 'saoid', 'suoid', 'scid', 'skdutid', 'sduoid', 'srh', 'srq'],
] as const

/** Before this version, blobs were signed for under other names. */
const oldestVersion = '2015-04-05'

/** Undefined when the query has no signature. */
export function readSas(query: Query): Sas | Refusal | undefined {
  const fields = new Map<string, string>()
  for (const [spelled, value] of query) {
    const name = spelled.toLowerCase()
    if (!(sasFields as readonly string[]).includes(name)) continue
    // Two values are a chance for two readers to take one each.
    if (fields.has(name)) return failed(`The query parameter ${name} is given more than once.`)
    // What is signed is lines: with a break in one of them, another meaning could be read into the same text.
    if (value.includes('\n')) return fieldsNotWellFormed()
    if (headerFields.has(name) && !isHeaderValue(value)) return fieldsNotWellFormed()
    fields.set(name, value)
  }
  const field = (name: SasField) => fields.get(name) ?? ''
  if (!fields.has('sig')) return undefined
  const version = field('sv')
  if (version === '') return isMandatory('sv')
  if (!/^\d{4}-\d\d-\d\d$/.test(version) || version < oldestVersion) return fieldsNotWellFormed()
  if (field('sig') === '') return isMandatory('sig')
  const kind = fields.has('ss') || fields.has('srt') ? 'account' : fields.has('skoid') ? 'delegation' : 'service'
  const missing = mandatory[kind].find(name => field(name) === '')
  if (missing) return isMandatory(missing)
  // Stored policies belong to a container, and are no part of what the other two sign.
  if (kind !== 'service' && fields.has('si')) return fieldsNotWellFormed()
  if (kind === 'delegation' && version < '2018-11-09') return fieldsNotWellFormed()
  // Before it is signed itself, `sr` must not make a signature for a blob one for all that is below its name.
  const since = kind === 'account' ? undefined : kindSince[field('sr')]
  if (since !== undefined && version < since) return fieldsNotWellFormed()
  return { kind, version, signature: field('sig'), field }
}

/** From which version on there are signatures for a snapshot, a version or a folder. */
const kindSince: Readonly<Record<string, string>> = { bs: '2018-11-09', bv: '2018-11-09', d: '2020-02-10' }

export const isRefusal = (read: Sas | Refusal): read is Refusal => 'code' in read

const mandatory: Readonly<Record<Sas['kind'], readonly SasField[]>> = {
  account: ['ss', 'srt', 'sp', 'se'],
  service: ['sr'],
  delegation: ['sr', 'sp', 'se', 'skoid', 'sktid', 'skt', 'ske', 'sks', 'skv'],
}

const headersSet = [
  ['cache-control', 'rscc'],
  ['content-disposition', 'rscd'],
  ['content-encoding', 'rsce'],
  ['content-language', 'rscl'],
  ['content-type', 'rsct'],
] as const
const headerFields: ReadonlySet<string> = new Set(headersSet.map(([, field]) => field))

/** The response headers that a signature may set. */
export function headersSetBy(sas: Sas): readonly (readonly [name: string, value: string])[] {
  return headersSet
    .map(([name, field]) => [name, sas.field(field)] as const)
    .filter(([, value]) => value !== '' && sas.kind !== 'account')
}
