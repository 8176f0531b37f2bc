import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PacketRule } from '../driver.ts'
import { packetFilterTable } from './packet-filter.ts'

const id = '11111111-2222-4333-8444-555555555555'
const everyAddress = [[0, 2 ** 32 - 1]] as const
const everyPort = [[0, 65_535]] as const

const rule = (wish: Partial<PacketRule>): PacketRule => ({
  allows: true,
  protocol: 'any',
  sources: everyAddress,
  sourcePorts: everyPort,
  destinations: everyAddress,
  destinationPorts: everyPort,
  ...wish,
})

/** What the chain of a machine's only list of inbound rules says. */
function inbound(...rules: PacketRule[]): string[] {
  const table = packetFilterTable([{ id, inbound: [rules], outbound: [] }])
  const chain = /chain in_\w+_0 \{([\s\S]*?)\n {2}\}/.exec(table)?.[1] ?? ''
  return chain.split('\n').flatMap(line => line.trim() || [])
}

test('rules become statements in their order, and what none of them fits is dropped', () => {
  const rules = [
    rule({
      protocol: 'tcp',
      destinationPorts: [
        [22, 22],
        [8000, 8080],
      ],
    }),
    rule({
      allows: false,
      sources: [
        [0x0a000000, 0x0a0000ff],
        [0xc0a80101, 0xc0a80101],
      ],
    }),
    rule({ destinationPorts: [[53, 53]] }),
    rule({ protocol: 'icmp', destinationPorts: [[53, 53]] }),
  ]
  assert.deepEqual(inbound(...rules), [
    'meta l4proto tcp th dport { 22, 8000-8080 } return',
    'ip saddr { 10.0.0.0-10.0.0.255, 192.168.1.1 } drop',
    'meta l4proto { tcp, udp } th dport { 53 } return',
    'meta l4proto icmp return',
    'drop',
  ])
})

test('a rule for no address at all lets nothing through and stops nothing', () => {
  assert.deepEqual(inbound(rule({ sources: [] })), ['drop'])
})

test('a machine without a filter is not mentioned, and without any the table is empty', () => {
  assert.doesNotMatch(packetFilterTable([]), /vmap|drop/)
})
