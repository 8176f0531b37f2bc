import { isIP, isIPv4 } from 'node:net'

/** What the local CA may speak for, as an operator writes it. */
export type NameList = {
  /** `vault.azure.net` stands for itself and every name below it (RFC 5280 §4.2.1.10). */
  readonly dns: readonly string[]
  /** Ranges like `168.63.129.16/32`; the loopback addresses are always permitted and need no mention. */
  readonly addresses: readonly string[]
}

export type AddressRange = { readonly network: Buffer; readonly mask: Buffer }

/** The same, ready to be compared and encoded. */
export type PermittedNames = { readonly dns: readonly string[]; readonly ranges: readonly AddressRange[] }

const loopback = ['127.0.0.1/32', '::1/128']

/** Throws on anything that is not a host name or an address range. */
export function permittedNames({ dns, addresses }: NameList): PermittedNames {
  // Without a single permitted DNS name, name constraints would leave all of DNS open.
  if (dns.length === 0) throw new Error('The local CA needs at least one permitted DNS name.')
  return {
    dns: [...new Set(dns.map(dnsConstraint))],
    ranges: [...new Set([...loopback, ...addresses])].map(addressRange),
  }
}

/**
 * Brings what a TLS client or a socket calls its peer into one form: lower case, no trailing dot, IPv4 out of its
 * IPv6 mapping. Undefined when it is neither a host name nor an address.
 */
export function normalName(name: string): string | undefined {
  const plain = name
    .toLowerCase()
    .replace(/\.$/, '')
    .replace(/^::ffff:(?=\d+\.)/, '')
  return isAddress(plain) || isDnsName(plain) ? plain : undefined
}

/** Whether a certificate for `name` (in its normal form) stays inside the constraints. */
export function isPermitted(permitted: PermittedNames, name: string): boolean {
  if (!isAddress(name)) return permitted.dns.some(constraint => dnsCovers(constraint, name))
  const single = singleAddress(name)
  return permitted.ranges.some(range => rangeCovers(range, single))
}

/** What of `wanted` lies outside `permitted`, for people to read. */
export function namesOutside(permitted: PermittedNames, wanted: PermittedNames): string[] {
  const dns = wanted.dns.filter(name => !permitted.dns.some(constraint => dnsCovers(constraint, name)))
  const ranges = wanted.ranges.filter(inner => !permitted.ranges.some(outer => rangeCovers(outer, inner)))
  return [...dns, ...ranges.map(rangeText)]
}

/** The addresses that are permitted one by one; those of wider ranges are not listed. */
export function singleAddresses({ addresses }: NameList): string[] {
  const single = [...loopback, ...addresses].filter(range => addressRange(range).mask.every(byte => byte === 0xff))
  return [...new Set(single.map(range => range.replace(/\/.*$/, '')))]
}

/** Network byte order: 4 or 16 bytes. */
export function addressBytes(address: string): Buffer {
  if (isIPv4(address)) return Buffer.from(address.split('.').map(Number))
  // The URL parser turns every spelling (embedded IPv4, capitals, leading zeros) into plain hexadecimal groups.
  const [head = '', tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::')
  const before = groups(head)
  const after = groups(tail ?? '')
  const zeros = Array<number>(8 - before.length - after.length).fill(0)
  return Buffer.from([...before, ...zeros, ...after].flatMap(group => [group >> 8, group & 0xff]))
}

export function isAddress(name: string): boolean {
  // A zone (`fe80::1%eth0`) means something on one host only and has no place in a certificate.
  return isIP(name) !== 0 && !name.includes('%')
}

function groups(text: string): number[] {
  return text === '' ? [] : text.split(':').map(group => Number.parseInt(group, 16))
}

function dnsConstraint(name: string): string {
  const plain = name.toLowerCase()
  if (!isDnsName(plain)) throw new Error(`"${name}" is not a DNS name that the local CA could be permitted.`)
  return plain
}

function isDnsName(name: string): boolean {
  return name.length <= 253 && name.split('.').every(label => /^(?!-)[a-z0-9-]{1,63}(?<!-)$/.test(label))
}

function dnsCovers(constraint: string, name: string): boolean {
  return name === constraint || name.endsWith(`.${constraint}`)
}

function addressRange(text: string): AddressRange {
  const [address = '', length = ''] = text.split('/')
  const bits = /^\d{1,3}$/.test(length) ? Number(length) : Number.NaN
  const width = isIPv4(address) ? 32 : 128
  if (!isAddress(address) || !(bits <= width)) throw new Error(`"${text}" is not an address range like 10.0.0.0/8.`)
  const mask = Buffer.from(
    Array.from({ length: width / 8 }, (_, at) => 0xff00 >> Math.min(8, Math.max(0, bits - at * 8))),
  )
  return { network: masked(addressBytes(address), mask), mask }
}

function singleAddress(address: string): AddressRange {
  const network = addressBytes(address)
  return { network, mask: Buffer.alloc(network.length, 0xff) }
}

function rangeCovers(outer: AddressRange, inner: AddressRange): boolean {
  return (
    outer.mask.length === inner.mask.length &&
    masked(inner.mask, outer.mask).equals(outer.mask) &&
    masked(inner.network, outer.mask).equals(outer.network)
  )
}

function masked(bytes: Buffer, mask: Buffer): Buffer {
  return Buffer.from(bytes.map((byte, index) => byte & (mask[index] ?? 0)))
}

function rangeText({ network, mask }: AddressRange): string {
  const bits = [...mask].reduce((sum, byte) => sum + byte.toString(2).replaceAll('0', '').length, 0)
  const address = network.length === 4 ? network.join('.') : network.toString('hex').replace(/(.{4})(?!$)/g, '$1:')
  return `${address}/${bits}`
}
