import { BlockList, isIPv4, isIPv6 } from 'node:net'

/** `sip`: one IPv4 address, or two with a hyphen between them that are both included. Undefined when it is neither. */
export function ipRange(text: string): ((address: string) => boolean) | undefined {
  const [from = '', to = from, ...more] = text.split('-')
  if (more.length > 0 || !isIPv4(from) || !isIPv4(to) || order(from) > order(to)) return undefined
  const range = new BlockList()
  range.addRange(from, to, 'ipv4')
  return address => {
    const plain = address.replace(/^::ffff:(?=\d+\.)/i, '')
    return range.check(plain, isIPv6(plain) ? 'ipv6' : 'ipv4')
  }
}

const order = (address: string) => address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
