import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  addressBytes,
  isPermitted,
  type NameList,
  namesOutside,
  normalName,
  permittedNames,
  singleAddresses,
} from './permitted-names.ts'

const names: NameList = {
  dns: ['vault.azure.net', 'Localhost'],
  addresses: ['168.63.129.16/32', '10.128.0.0/9', 'fd00::/12'],
}

const cases: readonly [name: string, permitted: boolean][] = [
  ['vault.azure.net', true],
  ['kv1.vault.azure.net', true],
  ['a.b.vault.azure.net', true],
  ['evilvault.azure.net', false],
  ['azure.net', false],
  ['vault.azure.net.example.com', false],
  ['localhost', true],
  ['x.localhost', true],
  ['www.example.com', false],
  ['127.0.0.1', true],
  ['127.0.0.2', false],
  ['::1', true],
  ['::2', false],
  ['168.63.129.16', true],
  ['168.63.129.17', false],
  ['10.128.0.0', true],
  ['10.255.255.255', true],
  ['10.127.255.255', false],
  ['fd0f:1::1', true],
  ['fd10::1', false],
]

for (const [name, expected] of cases) {
  test(`${name} is ${expected ? 'permitted' : 'outside the constraints'}`, () => {
    assert.equal(isPermitted(permittedNames(names), name), expected)
  })
}

const spellings: readonly [spelling: string, normal: string | undefined][] = [
  ['KV1.Vault.Azure.NET', 'kv1.vault.azure.net'],
  ['kv1.vault.azure.net.', 'kv1.vault.azure.net'],
  ['::ffff:127.0.0.1', '127.0.0.1'],
  ['FD00::1', 'fd00::1'],
  ['fe80::1%eth0', undefined],
  ['', undefined],
  ['.', undefined],
  ['.vault.azure.net', undefined],
  ['a..vault.azure.net', undefined],
  ['*.vault.azure.net', undefined],
  ['-a.vault.azure.net', undefined],
  ['a b.vault.azure.net', undefined],
  ['a\0.vault.azure.net', undefined],
  [`${'a'.repeat(64)}.vault.azure.net`, undefined],
  [`${'a.'.repeat(130)}vault.azure.net`, undefined],
]

for (const [spelling, expected] of spellings) {
  const shown = JSON.stringify(spelling.length > 40 ? `${spelling.slice(0, 40)}…` : spelling)
  test(`the normal form of ${shown} is ${expected ?? 'none'}`, () => assert.equal(normalName(spelling), expected))
}

const addresses: readonly [address: string, hex: string][] = [
  ['168.63.129.16', 'a83f8110'],
  ['::', '0'.repeat(32)],
  ['::1', `${'0'.repeat(31)}1`],
  ['2001:db8::8:800:200c:417a', '20010db80000000000080800200c417a'],
  ['1:2:3:4:5:6:7:8', '00010002000300040005000600070008'],
  ['fd00::', `fd00${'0'.repeat(28)}`],
  ['64:ff9b::192.0.2.33', '0064ff9b0000000000000000c0000221'],
]

for (const [address, hex] of addresses) {
  test(`${address} is encoded in network byte order`, () => assert.equal(addressBytes(address).toString('hex'), hex))
}

const refused: readonly [list: NameList, message: RegExp][] = [
  [{ dns: [], addresses: [] }, /at least one permitted DNS name/],
  [{ dns: ['.vault.azure.net'], addresses: [] }, /"\.vault\.azure\.net" is not a DNS name/],
  [{ dns: ['a'], addresses: ['10.0.0.0'] }, /"10\.0\.0\.0" is not an address range/],
  [{ dns: ['a'], addresses: ['10.0.0.0/33'] }, /not an address range/],
  [{ dns: ['a'], addresses: ['fd00::/129'] }, /not an address range/],
  [{ dns: ['a'], addresses: ['vault/8'] }, /not an address range/],
]

for (const [list, message] of refused) {
  test(`the list ${JSON.stringify(list)} is refused`, () => assert.throws(() => permittedNames(list), { message }))
}

test('names outside are listed, names below or inside what is permitted are not', () => {
  const permitted = permittedNames(names)
  const wanted = permittedNames({
    dns: ['kv.vault.azure.net', 'blob.core.windows.net'],
    addresses: ['10.200.0.0/16', '10.0.0.0/8', '192.0.2.1/32', 'fd00:1::/32', '2001:db8::/32'],
  })
  assert.deepEqual(namesOutside(permitted, wanted), [
    'blob.core.windows.net',
    '10.0.0.0/8',
    '192.0.2.1/32',
    '2001:0db8:0000:0000:0000:0000:0000:0000/32',
  ])
})

test('single addresses are the loopback ones and those given with their full length', () => {
  assert.deepEqual(singleAddresses(names), ['127.0.0.1', '::1', '168.63.129.16'])
})
