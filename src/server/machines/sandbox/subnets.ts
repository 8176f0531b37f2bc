/** IPv4 arithmetic, and which addresses an instance and its machines get. */

export type Cidr = { readonly address: number; readonly prefixLength: number }

/** The addresses of one virtual network and of the link that joins it to the host. */
export type AddressPlan = {
  readonly subnet: string
  readonly prefixLength: number
  readonly gateway: string
  readonly hostLink: string
  readonly networkLink: string
}

const subnetPrefix = 20
const subnetPool = parseCidr('10.64.0.0/10')
const linkPool = parseCidr('100.127.0.0/16')
const subnetCount = 2 ** (subnetPrefix - subnetPool.prefixLength)
/** Azure keeps the first three host addresses for itself, the first of them as gateway. */
const firstMachine = 4

export function parseCidr(text: string): Cidr {
  const [address = '', prefixLength = '32'] = text.split('/')
  const octets = address.split('.').map(Number)
  if (octets.length !== 4 || !octets.every(octet => Number.isInteger(octet) && octet >= 0 && octet < 256)) {
    throw new Error(`'${text}' is not an IPv4 address or prefix.`)
  }
  return { address: octets.reduce((number, octet) => number * 256 + octet, 0), prefixLength: Number(prefixLength) }
}

export const formatAddress = (address: number): string =>
  [24, 16, 8, 0].map(shift => Math.floor(address / 2 ** shift) % 256).join('.')

export function overlap(a: Cidr, b: Cidr): boolean {
  const size = 2 ** (32 - Math.min(a.prefixLength, b.prefixLength))
  return Math.floor(a.address / size) === Math.floor(b.address / size)
}

/**
 * Every plan that overlaps none of `taken`, starting at a place that depends on `seed`: two instances that choose at the
 * same time, or of which one is not running, hardly ever meet. The link follows from the subnet, so claiming the subnet
 * claims both.
 */
export function* freePlans(taken: readonly Cidr[], seed: number): Generator<AddressPlan> {
  for (let step = 0; step < subnetCount; step++) {
    const index = (seed + step) % subnetCount
    const subnet = { address: subnetPool.address + index * 2 ** (32 - subnetPrefix), prefixLength: subnetPrefix }
    const link = { address: linkPool.address + index * 4, prefixLength: 30 }
    if (taken.some(one => overlap(one, subnet) || overlap(one, link))) continue
    yield {
      subnet: `${formatAddress(subnet.address)}/${subnetPrefix}`,
      prefixLength: subnetPrefix,
      gateway: formatAddress(subnet.address + 1),
      hostLink: formatAddress(link.address + 1),
      networkLink: formatAddress(link.address + 2),
    }
  }
}

/** The lowest machine address of `subnet` that is not in use. */
export function nextAddress(subnet: string, used: ReadonlySet<string>): string {
  const { address, prefixLength } = parseCidr(subnet)
  const broadcast = address + 2 ** (32 - prefixLength) - 1
  for (let candidate = address + firstMachine; candidate < broadcast; candidate++) {
    const text = formatAddress(candidate)
    if (!used.has(text)) return text
  }
  throw new Error(`All addresses of ${subnet} are in use.`)
}
