import assert from 'node:assert/strict'
import { test } from 'node:test'
import { iptablesGates, iptablesRule, nftGates, openingArguments, ownHandles, ufwState } from './firewall-rules.ts'

const chain = (more: object) => ({
  chain: {
    family: 'inet',
    table: 'filter',
    name: 'input',
    type: 'filter',
    hook: 'input',
    prio: 0,
    policy: 'accept',
    ...more,
  },
})
const rule = (expr: readonly object[], more: object = {}) => ({
  rule: { family: 'inet', table: 'filter', chain: 'input', handle: 4, expr, ...more },
})
const nft = (...items: readonly object[]) =>
  JSON.stringify({ nftables: [{ metainfo: { version: '1.0.6' } }, ...items] })
const gate = { tool: 'nft', family: 'inet', table: 'filter', chain: 'input', side: 'in' }

const rulesets: readonly (readonly [what: string, ruleset: string, gates: readonly object[]])[] = [
  ['nothing', nft(), []],
  ['a chain that accepts all', nft(chain({})), []],
  ['a chain that only counts', nft(chain({}), rule([{ counter: null }, { accept: null }])), []],
  ['a chain that drops what it does not accept', nft(chain({ policy: 'drop' })), [gate]],
  ['a chain with a rejecting rule', nft(chain({}), rule([{ match: {} }, { reject: { type: 'tcp reset' } }])), [gate]],
  ['a chain that jumps to another', nft(chain({}), rule([{ jump: { target: 'services' } }])), [gate]],
  ['a rule of another chain', nft(chain({}), rule([{ drop: null }], { chain: 'forward' })), []],
  ['a chain that routes', nft(chain({ hook: 'forward', policy: 'drop' })), []],
  ['a chain for bridges', nft(chain({ family: 'bridge', policy: 'drop' })), []],
  [
    'two chains, one for answers',
    nft(chain({ policy: 'drop' }), chain({ name: 'output', hook: 'output', policy: 'drop' })),
    [gate, { ...gate, chain: 'output', side: 'out' }],
  ],
]
for (const [what, ruleset, gates] of rulesets) {
  test(`nftables with ${what}`, () => {
    assert.deepEqual(nftGates(ruleset), gates)
  })
}

const listings: readonly (readonly [what: string, listing: string, chains: readonly string[]])[] = [
  ['nothing', '-P INPUT ACCEPT\n-P FORWARD DROP\n-P OUTPUT ACCEPT\n', []],
  ['a policy', '-P INPUT DROP\n-P FORWARD ACCEPT\n-P OUTPUT ACCEPT\n-A INPUT -i lo -j ACCEPT\n', ['INPUT']],
  ['a rejecting rule', '-P INPUT ACCEPT\n-A INPUT -p tcp --dport 22 -j REJECT --reject-with tcp-reset\n', ['INPUT']],
  ['chains of its own', '-P INPUT ACCEPT\n-N services\n-A INPUT -j services\n-A services -j DROP\n', ['INPUT']],
  ['answers kept back', '-P INPUT ACCEPT\n-P OUTPUT DROP\n', ['OUTPUT']],
  ['logging only', '-P INPUT ACCEPT\n-A INPUT -j LOG\n-A FORWARD -j DROP\n', []],
]
for (const [what, listing, chains] of listings) {
  test(`iptables with ${what}`, () => {
    assert.deepEqual(
      iptablesGates('iptables', listing).map(one => 'chain' in one && one.chain),
      chains,
    )
  })
}

test('a rule comes first, towards sshd by destination and from it by source', () => {
  const input = { tool: 'nft', family: 'inet', table: 'filter', chain: 'input', side: 'in' } as const
  assert.equal(
    openingArguments(input, 2222).join(' '),
    'insert rule inet filter input tcp dport 2222 accept comment "lazuli-vm-access 2222"',
  )
  assert.match(openingArguments({ ...input, chain: 'output', side: 'out' }, 22).join(' '), /output tcp sport 22 accept/)
  assert.equal(
    openingArguments({ tool: 'ip6tables', chain: 'INPUT', side: 'in' }, 22).join(' '),
    '-w -I INPUT 1 -p tcp -m tcp --dport 22 -m comment --comment lazuli-vm-access 22 -j ACCEPT',
  )
  assert.match(iptablesRule('out', 22).join(' '), /--sport 22/)
})

test('our rules are found again by their comment, for their port alone', () => {
  const listing = nft(
    rule([{ accept: null }], { handle: 7, comment: 'lazuli-vm-access 22' }),
    rule([{ accept: null }], { handle: 8, comment: 'lazuli-vm-access 2222' }),
    rule([{ accept: null }], { handle: 9, comment: 'somebody' }),
  )
  assert.deepEqual(ownHandles(listing, 22), [7])
})

test('ufw says whether it filters and what it lets in', () => {
  const state = ufwState(
    'Status: active\n\nTo                         Action      From\n--                         ------      ----\n22/tcp                     ALLOW       Anywhere\n443                        ALLOW       10.0.0.0/8\n2222                       DENY        Anywhere\n',
  )
  assert.deepEqual(
    [state.active, state.allows(22), state.allows(443), state.allows(2222), state.allows(2)],
    [true, true, false, false, false],
  )
  assert.equal(ufwState('Status: inactive\n').active, false)
})
