import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemGrant } from '../../../access/grant.ts'
import { openStorage } from '../testing.ts'

const grant = systemGrant('test')
const long = 'L'.repeat(20_000)

const idOf = (number: number) => Buffer.from(String(number).padStart(4, '0')).toString('base64')
const listOf = (...blocks: [kind: 'Latest' | 'Committed' | 'Uncommitted', number: number][]) =>
  `<BlockList>${blocks.map(([kind, number]) => `<${kind}>${idOf(number)}</${kind}>`).join('')}</BlockList>`

test('blocks of any number become a blob in the order of the list, and blocks of the blob can be used again', async t => {
  const { send, lazuli } = await openStorage(t)
  await send('PUT', '/ctr?restype=container')
  const { store } = lazuli.parts
  const account = await store.storageAccounts.get(grant, { name: 'acct1' })
  const container = account && (await store.blobContainers.get(grant, account, 'ctr'))
  assert.ok(container)
  const textOf = (number: number) => (number === 300 ? long : `<${number}>`)
  const numbers = Array.from({ length: 600 }, (_, n) => n)
  await store.write(async tx => {
    for (const number of numbers) {
      const bytes = Buffer.from(textOf(number))
      await tx.blobs.putBlock(grant, container, 'b', { id: idOf(number), length: bytes.length, bytes }, 0)
    }
  })
  // One that is too long for a row, and one of nothing, which only older servers took.
  assert.equal((await send('PUT', `/ctr/b?comp=block&blockid=${idOf(300)}`, { body: long })).status, 201)
  const nothing = { id: idOf(600), length: 0, bytes: Buffer.alloc(0) }
  await store.write(tx => tx.blobs.putBlock(grant, container, 'b', nothing, 0))
  const commit = (body: string) => send('PUT', '/ctr/b?comp=blocklist', { body })
  const read = async (query = '') => (await send('GET', `/ctr/b${query}`)).text

  const order = numbers.toReversed()
  const all = listOf(...order.map(number => ['Latest', number] as ['Latest', number]), ['Uncommitted', 600])
  assert.equal((await commit(all)).status, 201)
  assert.equal(await read(), order.map(textOf).join(''))
  const names = (await read('?comp=blocklist&blocklisttype=all')).match(/<Name>[^<]+/g)
  assert.deepEqual(
    names,
    order.map(number => `<Name>${idOf(number)}`),
  )

  await send('PUT', `/ctr/b?comp=block&blockid=${idOf(7)}`, { body: 'seven' })
  await send('PUT', `/ctr/b?comp=block&blockid=${idOf(8)}`, { body: 'eight' })
  for (const refused of [
    listOf(['Uncommitted', 9]),
    listOf(['Latest', 7], ['Latest', 999]),
    listOf(['Committed', 600]),
  ])
    assert.equal((await commit(refused)).headers.get('x-ms-error-code'), 'InvalidBlockList')
  assert.equal(await read(), order.map(textOf).join(''), 'and nothing has changed')

  const again = listOf(['Latest', 7], ['Committed', 7], ['Latest', 300], ['Latest', 5], ['Latest', 300], ['Latest', 7])
  assert.equal((await commit(again)).status, 201)
  assert.equal(await read(), `seven<7>${long}<5>${long}seven`)
  assert.equal((await commit(listOf())).status, 201)
  assert.equal(await read(), '')
})
