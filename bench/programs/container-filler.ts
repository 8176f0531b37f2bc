/**
 * Fills the container `many` of the account `bench` with blobs of 256 bytes, by the store's own code, some thousands in a
 * transaction; no server may be running. Reads { data, from, amount } and prints { put, seconds }.
 *
 * Of ten blobs, nine are in one folder. Half of the others are spread over 25 folders, half are in none.
 */

import { json } from 'node:stream/consumers'
import { systemGrant } from '../../src/server/access/grant.ts'
import { newEtag } from '../../src/server/store/blob-etag.ts'
import { openStore } from '../../src/server/store/open.ts'

export type Filled = { readonly put: number; readonly seconds: number }

const { data, from, amount } = (await json(process.stdin)) as { data: string; from: number; amount: number }

const atOnce = 5_000
const grant = systemGrant('fill a container to measure its lists')
const bytes = Buffer.alloc(256, 'x')
const store = await openStore({
  directory: data,
  masterKeyFile: `${data}/master.key`,
  clock: { now: Date.now },
  onAuditFailure: error => {
    throw error
  },
})
const account = await store.storageAccounts.get(grant, { name: 'bench' })
if (!account) throw new Error('There is no account to fill')
const now = Date.now()
const container =
  (await store.blobContainers.get(grant, account, 'many')) ??
  (await store.write(tx =>
    tx.blobContainers.create(grant, account, {
      ...{ name: 'many', etag: newEtag(), createdAt: now, changedAt: now, metadata: {}, policies: [] },
    }),
  ))
if (!container) throw new Error('There is no container to fill')

const start = performance.now()
for (let first = from; first < amount; first += atOnce) {
  await store.write(async tx => {
    for (let number = first; number < Math.min(amount, first + atOnce); number++) {
      const blob = { name: nameOf(number), kind: 'BlockBlob', etag: newEtag(), length: bytes.length, bytes } as const
      const tags = number % 100 === 0 ? { tags: { share: 'hundredth' } } : {}
      const state = { headers: {}, metadata: {}, createdAt: now, changedAt: now, ...tags }
      await tx.blobs.put(grant, container, { ...blob, ...state }, undefined)
    }
  })
}
const seconds = Math.round((performance.now() - start) / 1000)
await store.close()
process.stdout.write(JSON.stringify({ put: amount - from, seconds } satisfies Filled))

function nameOf(number: number): string {
  const ten = Math.floor(number / 10)
  const last = number % 10
  if (last < 9) return `big/${String(ten * 9 + last).padStart(7, '0')}`
  return ten % 2 === 0 ? `dir-${String((ten / 2) % 25).padStart(2, '0')}/${ten}` : `file-${ten}`
}
