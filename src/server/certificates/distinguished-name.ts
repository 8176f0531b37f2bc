/**
 * Names as people type them, such as `CN=www.example.com, O="Example, Inc."`, and as certificates hold them. The text
 * begins with what is most particular and the certificate ends with it, as on Azure.
 */

export class InvalidName extends Error {}

/** `type` is an object identifier. `form` is how RFC 5280 §4.1.2.4 and appendix A want the value written. */
export type NameAttribute = {
  readonly type: string
  readonly value: string
  readonly form: 'printable' | 'utf8' | 'ascii'
}

const typeOids: Readonly<Record<string, string>> = {
  CN: '2.5.4.3',
  SN: '2.5.4.4',
  SERIALNUMBER: '2.5.4.5',
  C: '2.5.4.6',
  L: '2.5.4.7',
  S: '2.5.4.8',
  ST: '2.5.4.8',
  STREET: '2.5.4.9',
  O: '2.5.4.10',
  OU: '2.5.4.11',
  T: '2.5.4.12',
  TITLE: '2.5.4.12',
  POSTALCODE: '2.5.4.17',
  G: '2.5.4.42',
  GIVENNAME: '2.5.4.42',
  I: '2.5.4.43',
  INITIALS: '2.5.4.43',
  DC: '0.9.2342.19200300.100.1.25',
  UID: '0.9.2342.19200300.100.1.1',
  E: '1.2.840.113549.1.9.1',
  EMAIL: '1.2.840.113549.1.9.1',
}

/** The shortest of the names of a type, but for the ones that are spelled out everywhere. */
const typeNames = new Map(
  Object.entries(typeOids)
    .reverse()
    .map(([name, oid]) => [oid, name]),
)
export const commonName = '2.5.4.3'
const [countryName, serialNumber] = [typeOids.C, typeOids.SERIALNUMBER]
const inAscii = [typeOids.E, typeOids.DC]

export function renderDistinguishedName(attributes: readonly Pick<NameAttribute, 'type' | 'value'>[]): string {
  return attributes.map(({ type, value }) => `${typeNames.get(type) ?? `OID.${type}`}=${quoted(value)}`).join(', ')
}

const quoted = (value: string) =>
  /^\s|\s$|[,;+="\n<>#]/.test(value) || value === '' ? `"${value.replaceAll('"', '""')}"` : value

/** Throws InvalidName. An empty text is an empty name. */
export function parseDistinguishedName(text: string): NameAttribute[] {
  const found: NameAttribute[] = []
  let rest = text.trim()
  while (rest !== '') {
    const [head, type = ''] = /^\s*((?:OID\.)?[\w.]+)\s*=\s*/i.exec(rest) ?? []
    if (head === undefined) throw new InvalidName(`'${rest}' does not begin with a type`)
    const [raw, value] = valueAt(rest.slice(head.length))
    const oid = oidOf(type)
    found.push({ type: oid, value, form: formOf(oid, value) })
    rest = rest.slice(head.length + raw.length)
    const separator = /^\s*[,;]\s*(?=\S)/.exec(rest)
    if (rest.trim() !== '' && !separator) throw new InvalidName(`'${rest}' follows a value`)
    rest = rest.slice(separator?.[0].length ?? rest.length)
  }
  return found
}

/** In quotes, where a quote is doubled or escaped, or up to the next separator, where `\` escapes. */
function valueAt(text: string): [raw: string, value: string] {
  const inQuotes = /^"((?:[^"\\]|""|\\.)*)"/.exec(text)
  if (inQuotes) return [inQuotes[0], (inQuotes[1] ?? '').replaceAll('""', '"').replaceAll(/\\(.)/g, '$1')]
  const [raw = ''] = /^(?:[^,;"\\]|\\.)*/.exec(text) ?? []
  const value = raw.trim().replaceAll(/\\(.)/g, '$1')
  // A `+` would join two attributes to one; nobody's certificates have that, and to take it for text would be a trap.
  if (value === '' || /(?<!\\)[+]\s*[\w.]+\s*=/.test(raw)) throw new InvalidName(`'${text}' is not a value`)
  return [raw, value]
}

function oidOf(type: string): string {
  const name = type.replace(/^OID\./i, '').toUpperCase()
  const oid = typeOids[name] ?? (name === 'EMAILADDRESS' ? typeOids.E : undefined)
  if (oid !== undefined) return oid
  if (/^[012](\.(0|[1-9]\d{0,9}))+$/.test(name)) return name
  throw new InvalidName(`'${type}' is not the type of an attribute`)
}

function formOf(type: string, value: string): NameAttribute['form'] {
  // Some read a name only up to a NUL, and would take it for another.
  if (/[\p{Cc}\p{Cs}]/u.test(value)) throw new InvalidName(`'${value}' has a character that nobody can see`)
  const isPrintable = /^[A-Za-z0-9 '()+,\-./:=?]*$/.test(value)
  if (type === countryName && !/^[A-Za-z]{2}$/.test(value)) throw new InvalidName(`'${value}' is not a country`)
  if (inAscii.includes(type)) {
    if (!/^[\x20-\x7e]*$/.test(value)) throw new InvalidName(`'${value}' is not ASCII`)
    return 'ascii'
  }
  if (type === serialNumber && !isPrintable) throw new InvalidName(`'${value}' is not printable`)
  return isPrintable ? 'printable' : 'utf8'
}
