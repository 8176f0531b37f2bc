/** Clients that change blobs, and files of a data lake, as fast as they are answered; and who looks what is there. */

import assert from 'node:assert/strict'
import { createHash, randomInt } from 'node:crypto'
import { assignRole, newGroup } from '../contract/arrange.ts'
import { claimsOf } from '../contract/curl.ts'
import { newLake } from '../contract/data-lake.ts'
import { blobRoles, keepVersions, newAccount, newContainer } from '../contract/storage.ts'
import type { Answer, Lazuli } from '../start.ts'
import { absent, type Ledger, Refused } from './ledger.ts'

export type Course = {
  readonly ledger: Ledger
  onAnswer(): void
  /**
   * With it, a failure is an answer, after which the client goes on with something else. `unchanged`: it is always 503,
   * and means what it says. `unknown`: what was to be changed may be changed or not.
   */
  readonly failures?: 'unchanged' | 'unknown'
  onFailure?(): void
  /** Whether an answer that something was done may be wrong by now. */
  isDoubtful?(): boolean
  /** Asked now and then; without it, only the server's death ends the course. */
  isOver?(): boolean
}

export type Storage = {
  /** Changes the same few blobs, called `name` and something, again and again. */
  writeBlobs(name: string, course: Course): Promise<void>
  /** Makes ever new folders, called `name` and something; what is in one of them is one thing in the ledger. */
  writeFiles(name: string, course: Course): Promise<void>
  /** Reads some of the versions of blobs, current ones and others, each of which must be whole. Answers how many. */
  readVersions(most: number): Promise<number>
  /** Reads all bytes of the things with these keys, or of all that there are. */
  observe(keys?: ReadonlySet<string>): Promise<ReadonlyMap<string, string>>
}

/** An account with a container and a data lake, in one server. */
export async function openStorage(lazuli: Lazuli, { versions = false } = {}): Promise<Storage> {
  const group = await newGroup(lazuli)
  const blobs = await openBlobs(lazuli, group, versions)
  const files = await openFiles(lazuli, group)
  return {
    writeBlobs: blobs.write,
    writeFiles: files.write,
    readVersions: blobs.readVersions,
    async observe(keys) {
      const found = new Map<string, string>()
      for (const key of keys ?? [...(await blobs.list()), ...(await files.list())]) {
        const state = await (key.startsWith('blob ') ? blobs : files).look(key)
        if (state !== absent) found.set(key, state)
      }
      return found
    },
  }
}

const mark = (content: string | Buffer) =>
  `${content.length} ${createHash('sha256').update(content).digest('base64url')}`

/** Works in portions until the server dies or it is over. What is refused ends a portion. */
export async function workUntilDeath({ isOver = () => false }: Course, portion: (number: number) => Promise<void>) {
  for (let number = 0; !isOver(); number++) {
    try {
      await portion(number)
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error
      // The server has died in the middle of a request, which is what this is about.
      if (!(error instanceof Refused || error instanceof Failed)) return
    }
  }
}

class Failed extends Error {}

/** Whatever else an answer says than that something was done, it throws. */
export function done(answer: Answer, course: Course, what: string): void {
  const { failures, onAnswer, onFailure = () => undefined, isDoubtful = () => false } = course
  if (failures !== undefined && answer.status >= 500) {
    onFailure()
    if (failures === 'unknown') throw new Failed(what)
    if (answer.status === 503) throw new Refused(what)
  }
  const isDone = answer.status < 300 && answer.body.boolean !== false
  assert.ok(isDone, `${what}: ${answer.status} ${JSON.stringify(answer.body)}`)
  onAnswer()
  if (isDoubtful()) throw new Failed(what)
}

async function openBlobs(lazuli: Lazuli, group: string, versions: boolean) {
  const account = await newAccount(lazuli, group)
  if (versions) await keepVersions(lazuli, account)
  await newContainer(lazuli, account, 'box')
  await assignRole(lazuli, account.id, String(claimsOf(await lazuli.token()).oid), blobRoles.contributor)
  const token = await lazuli.token('https://storage.azure.com')
  const host = `${account.name}.blob.core.windows.net`
  const send = (method: string, path: string, body = '', headers: Record<string, string> = {}) => {
    const length = method === 'GET' ? {} : { 'content-length': String(Buffer.byteLength(body)) }
    return lazuli.arm<string>(method, `/box${path}`, {
      token,
      headers: { host, 'x-ms-version': '2021-06-08', ...length, ...headers },
      ...(body === '' ? {} : { raw: Buffer.from(body) }),
    })
  }
  const kept = (content: string, label: string) => `${mark(content)} ${label}`
  const labelled = (label: string, type?: string) => ({
    'x-ms-meta-label': label,
    ...(type === undefined ? {} : { 'x-ms-blob-type': type }),
  })

  const write = (name: string, course: Course) =>
    workUntilDeath(course, async number => {
      const blob = `${name}-${number % 3}`
      // Some fit into a row and some do not.
      const text = () => `${blob} ${randomInt(1e12)} `.repeat(randomInt(1, 4) * randomInt(1, 1_000))
      const [one, two, label] = [text(), text(), String(number)]
      const change = (of: string, after: string, ...request: Parameters<typeof send>) =>
        course.ledger.change(
          [`blob ${of}`],
          async () => {
            done(await send(...request), course, `${request[0]} ${request[1]}`)
            return after
          },
          after,
        )
      const log = `${blob}-log`
      await change(blob, kept(one, label), 'PUT', `/${blob}`, one, labelled(label, 'BlockBlob'))
      await change(log, kept('', label), 'PUT', `/${log}`, '', labelled(label, 'AppendBlob'))
      await change(log, kept(one, label), 'PUT', `/${log}?comp=appendblock`, one)

      const blocks = `${blob}-blocks`
      for (const [id, part] of Object.entries({ AAAA: one, BBBB: two })) {
        const at = `/${blocks}?comp=block&blockid=${id}`
        done(await send('PUT', at, part), course, at)
      }
      const list = '<BlockList><Latest>BBBB</Latest><Latest>AAAA</Latest></BlockList>'
      const whole = kept(two + one, label)
      await change(blocks, whole, 'PUT', `/${blocks}?comp=blocklist`, list, labelled(label))
      await change(log, kept(one + two, label), 'PUT', `/${log}?comp=appendblock`, two)
      const from = { 'x-ms-copy-source': `https://${host}/box/${blocks}` }
      await change(`${blob}-copy`, whole, 'PUT', `/${blob}-copy`, '', from)
      const other = number % 2 === 0 ? `${blob}-copy` : blocks
      await change(other, absent, 'DELETE', `/${other}`)
    })

  return {
    write,
    async look(key: string): Promise<string> {
      const { status, headers, body } = await send('GET', `/${key.slice('blob '.length)}`)
      assert.ok(status === 200 || status === 404, `${key}: ${status} ${body}`)
      return status === 404 ? absent : kept(body, String(headers['x-ms-meta-label']))
    },
    async readVersions(most: number): Promise<number> {
      const { body } = await send('GET', '?restype=container&comp=list&include=versions')
      const all = body.split('<Blob>').slice(1)
      const each = Math.ceil(all.length / most)
      const some = all.filter((_, n) => n % each === 0)
      for (const one of some) {
        const in1 = (tag: string) => new RegExp(`<${tag}>([^<]*)`).exec(one)?.[1] ?? ''
        const { status, body } = await send('GET', `/${in1('Name')}?versionid=${in1('VersionId')}`)
        assert.equal(status, 200, one)
        assert.equal(body.length, Number(in1('Content-Length')), one)
        const md5 = in1('Content-MD5')
        if (md5 !== '') assert.equal(createHash('md5').update(body).digest('base64'), md5, one)
      }
      return some.length
    },
    async list(): Promise<string[]> {
      const { body } = await send('GET', '?restype=container&comp=list')
      assert.match(body, /<NextMarker\s*\/>|<NextMarker><\/NextMarker>/)
      return [...body.matchAll(/<Name>([^<]*)<\/Name>/g)].map(([, name]) => `blob ${name}`)
    },
  }
}

/** Everything in a folder: what is where, and what it consists of. Of a rename or a concatenation, no half may be seen. */
type Files = Readonly<Record<string, Buffer>>

const stateOf = (files: Files) =>
  JSON.stringify(
    Object.entries(files)
      .map(([path, content]) => [path, mark(content)])
      .sort(),
  )

async function openFiles(lazuli: Lazuli, group: string) {
  const lake = await newLake(lazuli, group)

  const write = (name: string, course: Course) =>
    workUntilDeath(course, async number => {
      const folder = `${name}-${number}`
      let now: Files = {}
      const ask = async (after: string, method: string, path: string, query: string, raw?: Buffer) => {
        const what = `${method} ${path} ${query}`
        const send = async () => {
          done(await lake.ask(method, `/${folder}${path}`, query, raw ? { raw } : {}), course, what)
          return after
        }
        await course.ledger.change([`lake ${folder}`], send, after)
      }
      const change = async (next: Files, ...request: [string, string, string, Buffer?]) => {
        await ask(stateOf(next), ...request)
        now = next
      }
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
      if (number % 2 === 0) await ask(absent, 'DELETE', '', 'DELETE&recursive=true')
    })

  const read = async (path: string, query: string) => {
    const { status, body } = await lake.ask('GET', path, query)
    assert.ok(status === 200 || status === 404, `${path} ${query}: ${status} ${JSON.stringify(body)}`)
    return status === 404 ? undefined : body
  }

  async function collect(folder: string, below: string, into: Record<string, Buffer>): Promise<string> {
    const listed = await read(`/${folder}${below}`, 'LISTSTATUS')
    if (listed === undefined) return absent
    for (const { pathSuffix, type, length } of listed.FileStatuses.FileStatus) {
      const path = `${below}/${pathSuffix}`
      if (type === 'DIRECTORY') await collect(folder, path, into)
      else {
        const content = Buffer.from(await read(`/${folder}${path}`, 'OPEN&read=true'))
        assert.equal(content.length, length)
        into[path] = content
      }
    }
    return stateOf(into)
  }

  return {
    write,
    look: (key: string) => collect(key.slice('lake '.length), '', {}),
    async list(): Promise<string[]> {
      const { FileStatuses } = await read('/', 'LISTSTATUS')
      return FileStatuses.FileStatus.map(({ pathSuffix }: { pathSuffix: string }) => `lake ${pathSuffix}`)
    },
  }
}
