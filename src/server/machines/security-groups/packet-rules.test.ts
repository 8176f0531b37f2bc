import assert from 'node:assert/strict'
import { test } from 'node:test'
import { packetRules } from './packet-rules.ts'
import { addressRange, everyAddress, otherAddresses, portRange, type Ranges, united } from './ranges.ts'
import type { SecurityRule } from './rules.ts'

const ranges = (...texts: string[]): Ranges =>
  texts.flatMap(text => [addressRange(text)].flatMap(one => (one ? [one] : [])))
const network = {
  members: ranges('10.64.0.4', '10.64.0.5', '10.64.0.9'),
  subnets: [
    { prefix: '10.0.0.0/24', members: ranges('10.64.0.4', '10.64.0.5') },
    { prefix: '10.0.1.0/24', members: ranges('10.64.0.9') },
  ],
}

const rule = (wish: Partial<SecurityRule>): SecurityRule => ({
  protocol: 'Tcp',
  access: 'Allow',
  direction: 'Inbound',
  priority: 100,
  sourceAddressPrefix: '*',
  sourcePortRange: '*',
  destinationAddressPrefix: '*',
  destinationPortRange: '22',
  ...wish,
})

const sources = (prefix: string) => packetRules([rule({ sourceAddressPrefix: prefix })], 'inbound', network)[0]?.sources

const prefixes: [prefix: string, means: Ranges][] = [
  ['*', everyAddress],
  ['VirtualNetwork', united(network.members)],
  ['Internet', otherAddresses(network.members)],
  ['AzureLoadBalancer', ranges('168.63.129.16')],
  ['192.168.1.7', ranges('192.168.1.7')],
  ['10.0.0.0/24', united([...ranges('10.0.0.0/24', '10.64.0.4', '10.64.0.5')])],
  ['10.0.0.0/16', united([...ranges('10.0.0.0/16'), ...network.members])],
  ['10.0.0.0/25', ranges('10.0.0.0/25')],
  ['fd00::/8', []],
]
for (const [prefix, means] of prefixes) {
  test(`a rule for ${prefix} means the addresses that machines really have`, () => {
    assert.deepEqual(sources(prefix), means)
  })
}

test('rules of one direction come by priority, and the default rules after them', () => {
  const own = [
    rule({ priority: 300, access: 'Deny' }),
    rule({ priority: 200, destinationPortRange: '80', destinationPortRanges: ['443', '8000-8080'] }),
    rule({ priority: 100, direction: 'Outbound' }),
  ]
  const found = packetRules(own, 'inbound', network)
  assert.deepEqual(
    found.map(({ allows, protocol, destinationPorts }) => [allows, protocol, destinationPorts]),
    [
      [
        true,
        'tcp',
        [
          [443, 443],
          [8000, 8080],
        ],
      ],
      [false, 'tcp', [[22, 22]]],
      [true, 'any', [[0, 65535]]],
      [true, 'any', [[0, 65535]]],
      [false, 'any', [[0, 65535]]],
    ],
  )
})

test('ranges are united, and everything else is what is left', () => {
  assert.deepEqual(
    united([
      [5, 9],
      [1, 2],
      [3, 4],
      [7, 8],
      [20, 21],
    ]),
    [
      [1, 9],
      [20, 21],
    ],
  )
  assert.deepEqual(
    otherAddresses([
      [0, 3],
      [2 ** 32 - 2, 2 ** 32 - 1],
    ]),
    [[4, 2 ** 32 - 3]],
  )
  assert.deepEqual(otherAddresses([]), everyAddress)
  assert.deepEqual(otherAddresses(everyAddress), [])
})

test('what is no address and no port is none', () => {
  for (const text of ['10.0.0.256', '10.0.0', '10.0.0.0/33', '', 'VirtualNetwork', '1.2.3.4/', '::1'])
    assert.equal(addressRange(text), undefined, text)
  for (const text of ['65536', '9-8', '', 'x', '1-', '-1', '22,80']) assert.equal(portRange(text), undefined, text)
  assert.deepEqual(addressRange('10.1.2.3/8'), [10 * 2 ** 24, 11 * 2 ** 24 - 1])
})
