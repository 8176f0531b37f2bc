import assert from 'node:assert/strict'
import { createHash, randomInt } from 'node:crypto'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { newGroup } from '../contract/arrange.ts'
import { type Lake, newLake } from '../contract/data-lake.ts'
import { startLazuli } from '../start.ts'
import { absent, type Ledger, openLedger } from './ledger.ts'

const rounds = 10
const writers = 4

test('a server that is killed again and again keeps every change of files that it has answered, whole', async t => {
  const lazuli = await startLazuli(t)
  const lake = await newLake(lazuli, await newGroup(lazuli))
  const ledger = openLedger()
  let answered = 0
  for (let round = 0; round < rounds; round++) {
    const writing = Array.from({ length: writers }, (_, writer) =>
      writeUntilDeath(lake, ledger, `r${round}w${writer}`, () => answered++),
    )
    const enough = answered + randomInt(3, 40)
    while (answered < enough) await pause(1)
    assert.equal(await lazuli.kill('SIGKILL'), -1)
    await Promise.all(writing)
    await lazuli.restart()
    assert.deepEqual(ledger.compare(await observe(lake)), [], `after round ${round}`)
  }
  t.diagnostic(`${answered} answered changes of ${ledger.size} folders`)
})

/** Everything in a folder: what is where, and what it consists of. Of a rename or a concatenation, no half may be seen. */
type Files = Readonly<Record<string, Buffer>>

const mark = (content: Buffer) => `${content.length} ${createHash('sha256').update(content).digest('base64url')}`

const stateOf = (files: Files) =>
  JSON.stringify(
    Object.entries(files)
      .map(([path, content]) => [path, mark(content)])
      .sort(),
  )

async function writeUntilDeath(lake: Lake, ledger: Ledger, name: string, onAnswer: () => void): Promise<void> {
  async function family(folder: string): Promise<void> {
    let now: Files = {}
    const change = async (next: Files, method: string, path: string, query: string, raw?: Buffer) => {
      const state = stateOf(next)
      await ledger.change(
        [folder],
        async () => {
          const { status, body } = await lake.ask(method, `/${folder}${path}`, query, raw ? { raw } : {})
          assert.ok(status < 300 && body.boolean !== false, `${method} ${path} ${query}: ${JSON.stringify(body)}`)
          onAnswer()
          return state
        },
        state,
      )
      now = next
    }
    // Some fit into a row and some do not.
    const bytes = () => Buffer.alloc(randomInt(2) === 0 ? 300 : 30_000, folder + randomInt(1e9))

    await change({}, 'PUT', '', 'MKDIRS')
    for (const path of ['/in/a', '/in/b', '/c']) {
      const content = bytes()
      await change({ ...now, [path]: content }, 'PUT', path, 'CREATE&write=true', content)
    }
    for (let part = 0; part < 3; part++) {
      const [before, more] = [now['/c'] ?? Buffer.alloc(0), bytes()]
      const whole = Buffer.concat([before, more])
      await change({ ...now, '/c': whole }, 'POST', '/c', `APPEND&append=true&offset=${before.length}`, more)
    }
    const { '/in/a': a = Buffer.alloc(0), '/in/b': b = Buffer.alloc(0), '/c': c = Buffer.alloc(0) } = now
    await change({ '/out/a': a, '/out/b': b, '/c': c }, 'PUT', '/in', `RENAME&destination=/${folder}/out`)
    const sources = Buffer.from(JSON.stringify({ sources: [`/${folder}/out/a`, `/${folder}/out/b`] }))
    await change({ '/c': Buffer.concat([c, a, b]) }, 'POST', '/c', 'MSCONCAT&deleteSourceDirectory=true', sources)
    const anew = bytes()
    await change({ '/c': anew }, 'PUT', '/c', 'CREATE&write=true&overwrite=true', anew)
    await ledger.change(
      [folder],
      async () => {
        await lake.ask('DELETE', `/${folder}`, 'DELETE&recursive=true')
        onAnswer()
        return absent
      },
      absent,
    )
  }

  try {
    for (let number = 0; ; number++) await family(`${name}-${number}`)
  } catch (error) {
    if (error instanceof assert.AssertionError) throw error
  }
}

/** What is there, by folder. Reads every byte. */
async function observe(lake: Lake): Promise<ReadonlyMap<string, string>> {
  const list = async (path: string): Promise<{ pathSuffix: string; type: string; length: number }[]> =>
    (await lake.ask('GET', path, 'LISTSTATUS')).body.FileStatuses.FileStatus
  const collect = async (folder: string, below: string, into: Record<string, Buffer>): Promise<Files> => {
    for (const { pathSuffix, type, length } of await list(`/${folder}${below}`)) {
      const path = `${below}/${pathSuffix}`
      if (type === 'DIRECTORY') await collect(folder, path, into)
      else {
        const { body } = await lake.ask('GET', `/${folder}${path}`, 'OPEN&read=true')
        into[path] = Buffer.from(body)
        assert.equal(into[path].length, length)
      }
    }
    return into
  }
  const found = new Map<string, string>()
  for (const { pathSuffix } of await list('/')) found.set(pathSuffix, stateOf(await collect(pathSuffix, '', {})))
  return found
}
