import assert from 'node:assert/strict'
import { test } from 'node:test'
import { configure } from '../config.ts'
import { audiences, type Service } from './audiences.ts'

const known = audiences(configure({ data: '/nowhere', port: 4443 }, {}))

const cases: [audience: string, service: Service | undefined][] = [
  ['https://management.azure.com', 'arm'],
  ['https://management.azure.com/', 'arm'],
  ['HTTPS://Management.Azure.com/', 'arm'],
  ['https://management.azure.com//', 'arm'],
  ['https://management.core.windows.net/', 'arm'],
  ['797f4846-ba00-4fd7-ba43-dac1f8f63013', 'arm'],
  ['https://management.lazuli.localhost:4443/', 'arm'],
  ['https://localhost:4443', 'arm'],
  ['https://[::1]:4443', 'arm'],
  ['https://graph.microsoft.com', 'graph'],
  ['00000003-0000-0000-c000-000000000000', 'graph'],
  ['https://localhost:4443/graph', 'graph'],
  ['https://vault.azure.net', 'key-vault'],
  ['HTTPS://Vault.Azure.net', 'key-vault'],
  ['https://vault.azure.net/', undefined],
  ['cfa8b339-82a2-471a-a3c9-0fc0be7a4093', 'key-vault'],
  ['https://vault.lazuli.localhost:4443', 'key-vault'],
  ['https://vault.lazuli.localhost:4443/', 'key-vault'],
  ['https://storage.azure.com/', 'storage'],
  ['https://account1.blob.core.windows.net', 'storage'],
  ['https://account1.blob.lazuli.localhost:4443/', 'storage'],
  ['https://datalake.azure.net/', 'data-lake'],
  ['https://management.azure.com.evil.example', undefined],
  ['https://localhost:4444', undefined],
  ['http://management.azure.com', undefined],
  ['https://account1.blob.evil.example', undefined],
  ['https://a.b.blob.core.windows.net', undefined],
  ['', undefined],
]

for (const [audience, service] of cases) {
  test(`the audience '${audience}' is ${service === undefined ? 'no service of ours' : `that of ${service}`}`, () => {
    assert.equal(known.serviceOf(audience), service)
  })
}

test('tokens may be had for services of Azure that run elsewhere, but not for a name that nobody answers to', () => {
  assert.equal(known.isKnown('https://servicebus.azure.net/'), true)
  assert.equal(known.isKnown('https://vault.azure.net/'), true)
  assert.equal(known.isKnown('api://AzureADTokenExchange'), true)
  assert.equal(known.serviceOf('https://servicebus.azure.net/'), undefined)
  assert.equal(known.isKnown('https://nobody.example'), false)
})

test('a megabyte of slashes takes no longer to read than a megabyte of anything else', () => {
  assert.equal(known.isKnown(`${'/'.repeat(1_000_000)}x`), false)
  assert.equal(known.serviceOf(`https://management.azure.com${'/'.repeat(1_000_000)}`), 'arm')
})
