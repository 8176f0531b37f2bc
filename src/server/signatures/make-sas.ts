import { sign } from './hmac.ts'
import { readSas, type SasField } from './sas.ts'
import { sasStringToSign } from './sas-string-to-sign.ts'

/** The version that the resource manager signs with, whatever its own api-version. */
const version = '2015-04-05'

export type SasFields = { readonly [name in SasField]?: string }

/** In the order in which the service writes them. */
const serviceOrder: readonly SasField[] = [
  ...(['sv', 'sr', 'si', 'sip', 'spr', 'st', 'se', 'sp', 'rscc', 'rscd', 'rsce', 'rscl', 'rsct'] as const),
]
const accountOrder: readonly SasField[] = ['sv', 'ss', 'srt', 'sp', 'st', 'se', 'sip', 'spr']

/** A token for one container or one blob of it, as `listServiceSas` answers. */
export const makeServiceSas = (
  key: Uint8Array,
  place: { readonly account: string; readonly container: string; readonly blob?: string },
  fields: Omit<SasFields, 'sv' | 'sig'> & { readonly sr: string },
): string => signed(key, place, ordered(serviceOrder, fields))

/** A token for an account, as `listAccountSas` answers. */
export const makeAccountSas = (
  key: Uint8Array,
  account: string,
  fields: Omit<SasFields, 'sv' | 'sig'> & { readonly ss: string; readonly srt: string; readonly sp: string },
): string => signed(key, { account }, ordered(accountOrder, fields))

type Pairs = readonly (readonly [name: string, value: string])[]

const ordered = (order: readonly SasField[], fields: SasFields): Pairs =>
  order.flatMap(name => {
    const value = name === 'sv' ? version : fields[name]
    return value === undefined || value === '' ? [] : [[name, value] as const]
  })

function signed(key: Uint8Array, place: Parameters<typeof sasStringToSign>[1], pairs: Pairs): string {
  const sas = readSas([...pairs, ['sig', 'to be made']])
  const text = sas && 'kind' in sas ? sasStringToSign(sas, place, { headers: new Headers(), query: [] }) : undefined
  if (text === undefined) throw new TypeError('a signature with these fields could not be used')
  const all: Pairs = [...pairs, ['sig', sign(key, text).toString('base64')]]
  return all.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&')
}
