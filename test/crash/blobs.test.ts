/** Blobs of a server that is killed: what was answered is there to the byte, and nothing else is. */

import assert from 'node:assert/strict'
import { createHash, randomInt } from 'node:crypto'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { localExtents } from '../../src/server/extents/local-files.ts'
import { sweepExtents } from '../../src/server/extents/sweep.ts'
import { openStore } from '../../src/server/store/open.ts'
import { assignRole, newGroup } from '../contract/arrange.ts'
import { claimsOf } from '../contract/curl.ts'
import { blobRoles, newAccount, newContainer } from '../contract/storage.ts'
import { type Lazuli, startLazuli } from '../start.ts'

const rounds = 12
const writers = 4

/** What a blob can consist of now: one text, or one of two while nobody knows whether the last change was made. */
type Possible = readonly (string | undefined)[]

test('a server that is killed again and again keeps every blob that it has answered for, and no half of one', async t => {
  const lazuli = await startLazuli(t)
  const account = await newAccount(lazuli, await newGroup(lazuli))
  await newContainer(lazuli, account, 'box')
  await assignRole(lazuli, account.id, String(claimsOf(await lazuli.token()).oid), blobRoles.contributor)
  const token = await lazuli.token('https://storage.azure.com')
  const host = `${account.name}.blob.core.windows.net`
  const send = (method: string, path: string, body?: string, headers: Record<string, string> = {}) =>
    lazuli.arm<string>(method, `/box/${path}`, {
      token,
      headers: {
        host,
        'x-ms-version': '2021-06-08',
        'content-length': String(Buffer.byteLength(body ?? '')),
        ...headers,
      },
      ...(body === undefined ? {} : { raw: Buffer.from(body) }),
    })
  const block = { 'x-ms-blob-type': 'BlockBlob' }
  const possible = new Map<string, Possible>()
  let answered = 0

  /** A change of one blob; until it is answered, it may be made or not. */
  async function change(
    name: string,
    after: string | undefined,
    make: () => Promise<{ status: number; body: string }>,
  ) {
    const before = possible.get(name) ?? [undefined]
    possible.set(name, [...before, after])
    const { status, body } = await make()
    assert.ok(status < 300, `${name}: ${status} ${body}`)
    possible.set(name, [after])
    answered++
  }

  async function writeUntilDeath(writer: number): Promise<void> {
    const text = () => `${writer} ${randomInt(1e12)} `.repeat(randomInt(1, 4) * randomInt(1, 2_000))
    try {
      for (let i = 0; ; i++) {
        const name = `w${writer}-${i % 3}`
        const [one, two] = [text(), text()]
        await change(name, one, () => send('PUT', name, one, block))
        for (const [id, part] of [
          ['AAAA', one],
          ['BBBB', two],
        ] as const)
          assert.equal((await send('PUT', `${name}-blocks?comp=block&blockid=${id}`, part)).status, 201)
        const list = '<BlockList><Latest>BBBB</Latest><Latest>AAAA</Latest></BlockList>'
        await change(`${name}-blocks`, two + one, () => send('PUT', `${name}-blocks?comp=blocklist`, list))
        await change(`${name}-log`, '', () => send('PUT', `${name}-log`, '', { 'x-ms-blob-type': 'AppendBlob' }))
        await change(`${name}-log`, one, () => send('PUT', `${name}-log?comp=appendblock`, one))
        await change(`${name}-log`, one + two, () => send('PUT', `${name}-log?comp=appendblock`, two))
        const source = { 'x-ms-copy-source': `https://${host}/box/${name}-blocks` }
        await change(`${name}-copy`, two + one, () => send('PUT', `${name}-copy`, '', source))
        if (i % 2 === 1) await change(`${name}-copy`, undefined, () => send('DELETE', `${name}-copy`))
      }
    } catch (error) {
      // The server has died in the middle of a request, which is what this is about.
      if (error instanceof assert.AssertionError) throw error
    }
  }

  const check = async (round: number) => {
    for (const [name, texts] of possible) {
      const { status, body } = await send('GET', name)
      const found = status === 404 ? undefined : body
      assert.ok(texts.includes(found), `round ${round}: ${name} has ${status} ${hash(found)}, not ${texts.map(hash)}`)
      possible.set(name, [found])
    }
  }

  for (let round = 0; round < rounds; round++) {
    const enough = answered + randomInt(1, 30)
    const writing = Array.from({ length: writers }, (_, writer) => writeUntilDeath(writer))
    const reached = async () => {
      while (answered < enough) await pause(1)
    }
    await Promise.race([reached(), Promise.all(writing)])
    await pause(randomInt(0, 20))
    assert.equal(await lazuli.kill('SIGKILL'), -1)
    await Promise.all(writing)
    await lazuli.restart()
    await check(round)
  }
  t.diagnostic(`${answered} answered changes of ${possible.size} blobs`)

  assert.equal(await lazuli.kill('SIGTERM'), 0)
  const left = await sweepStopped(lazuli)
  t.diagnostic(`${left.removed} extents were left over`)
  assert.equal(left.unreferenced, 0)
  await lazuli.restart()
  await check(rounds)
})

const hash = (text: string | undefined) =>
  text === undefined ? 'nothing' : `${text.length} ${createHash('md5').update(text).digest('hex')}`

/** Sweeps as if the time that extents are left alone had gone by, and looks whether it finds more the next time. */
async function sweepStopped({ directory }: Lazuli): Promise<{ removed: number; unreferenced: number }> {
  const store = await openStore({
    directory,
    masterKeyFile: join(directory, 'master.key'),
    clock: { now: Date.now },
    onAuditFailure: error => {
      throw error
    },
  })
  const extents = localExtents(join(directory, 'extents'))
  const removed = await sweepExtents({ extents, store }, 0)
  const unreferenced = await sweepExtents({ extents, store }, 0)
  await store.close()
  return { removed, unreferenced }
}
