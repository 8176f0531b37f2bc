import { parseCidr } from '../sandbox/subnets.ts'

/** Whole numbers from the first to the last of each range, both included: IPv4 addresses, or ports. */
export type Ranges = readonly (readonly [first: number, last: number])[]

export const everyAddress: Ranges = [[0, 2 ** 32 - 1]]
export const everyPort: Ranges = [[0, 65_535]]

/** In order, without overlaps and without gaps of nothing. */
export function united(ranges: Ranges): Ranges {
  const merged: [number, number][] = []
  for (const [first, last] of ranges.toSorted((a, b) => a[0] - b[0])) {
    const previous = merged.at(-1)
    if (previous && first <= previous[1] + 1) previous[1] = Math.max(previous[1], last)
    else merged.push([first, last])
  }
  return merged
}

/** All addresses but these. */
export function otherAddresses(ranges: Ranges): Ranges {
  const others: [number, number][] = []
  let next = 0
  for (const [first, last] of united(ranges)) {
    if (first > next) others.push([next, first - 1])
    next = last + 1
  }
  return next > 2 ** 32 - 1 ? others : [...others, [next, 2 ** 32 - 1]]
}

/** An IPv4 address or prefix; undefined for anything else. */
export function addressRange(text: string): Ranges[number] | undefined {
  if (!/^\d{1,3}(\.\d{1,3}){3}(\/\d{1,2})?$/.test(text)) return undefined
  const octets = text.split('/')[0]?.split('.').map(Number) ?? []
  if (octets.some(octet => octet > 255)) return undefined
  const { address, prefixLength } = parseCidr(text)
  if (prefixLength > 32) return undefined
  const size = 2 ** (32 - prefixLength)
  const first = Math.floor(address / size) * size
  return [first, first + size - 1]
}

/** `22`, `8000-8080` or `*`; undefined for anything else. */
export function portRange(text: string): Ranges[number] | undefined {
  if (text === '*') return everyPort[0]
  const [, from = '', to = from] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text.trim()) ?? []
  const [first, last] = [Number(from), Number(to)]
  return from !== '' && first <= last && last <= 65_535 ? [first, last] : undefined
}
