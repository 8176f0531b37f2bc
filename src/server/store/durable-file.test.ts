import assert from 'node:assert/strict'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { createDurably, makeFolderDurably, readIfPresent, writeDurably } from './durable-file.ts'

async function temporaryFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'lazuli-durable-'))
  t.after(() => rm(folder, { recursive: true }))
  return folder
}

const modeOf = async (path: string) => (await stat(path)).mode & 0o777

test('a written file has its content and exactly the mode asked for, whatever the umask', async t => {
  const path = join(await temporaryFolder(t), 'file')
  const umask = process.umask(0o077)
  t.after(() => process.umask(umask))
  await writeDurably(path, 'first', { mode: 0o644 })
  assert.equal(await readFile(path, 'utf8'), 'first')
  assert.equal(await modeOf(path), 0o644)
})

test('a second write replaces content and mode, and leaves no draft behind', async t => {
  const folder = await temporaryFolder(t)
  await writeDurably(join(folder, 'file'), 'first', { mode: 0o644 })
  await writeDurably(join(folder, 'file'), Buffer.from('second'), { mode: 0o600 })
  assert.equal(await readFile(join(folder, 'file'), 'utf8'), 'second')
  assert.equal(await modeOf(join(folder, 'file')), 0o600)
  assert.deepEqual(await readdir(folder), ['file'])
})

test('readers never see a file that is only partly written', async t => {
  const path = join(await temporaryFolder(t), 'file')
  const versions = ['a', 'b'].map(letter => letter.repeat(1 << 20))
  await writeDurably(path, 'a'.repeat(1 << 20), { mode: 0o600 })
  let writing = true
  const writes = (async () => {
    for (let round = 0; round < 10; round++) await writeDurably(path, versions[round % 2] ?? '', { mode: 0o600 })
    writing = false
  })()
  while (writing) assert.ok(versions.includes(await readFile(path, 'utf8')))
  await writes
})

test('a write that cannot end in a rename keeps the old state and leaves no draft behind', async t => {
  const folder = await temporaryFolder(t)
  await mkdir(join(folder, 'taken', 'full'), { recursive: true })
  await assert.rejects(writeDurably(join(folder, 'taken'), 'x', { mode: 0o600 }), { code: 'EISDIR' })
  assert.deepEqual(await readdir(folder), ['taken'])
})

test('of many creators one wins, and all find its content', async t => {
  const folder = await temporaryFolder(t)
  const path = join(folder, 'file')
  const names = Array.from({ length: 20 }, (_, index) => `creator ${index}`)
  const wins = await Promise.all(names.map(name => createDurably(path, name, { mode: 0o600 })))
  assert.equal(wins.filter(Boolean).length, 1)
  assert.equal(await readFile(path, 'utf8'), names[wins.indexOf(true)])
  assert.deepEqual(await readdir(folder), ['file'])
})

test('a folder is made with its missing parents, and an existing one stays as it is', async t => {
  const folder = await temporaryFolder(t)
  await makeFolderDurably(join(folder, 'a', 'b'), { mode: 0o700 })
  assert.equal(await modeOf(join(folder, 'a', 'b')), 0o700)
  await chmod(join(folder, 'a'), 0o750)
  await makeFolderDurably(join(folder, 'a'), { mode: 0o700 })
  assert.equal(await modeOf(join(folder, 'a')), 0o750)
})

test('a file that does not exist reads as undefined, any other trouble is an error', async t => {
  const folder = await temporaryFolder(t)
  await writeFile(join(folder, 'file'), 'text')
  assert.equal(await readIfPresent(join(folder, 'none')), undefined)
  assert.equal(await readIfPresent(join(folder, 'file', 'below')), undefined)
  assert.equal(await readIfPresent(join(folder, 'file')), 'text')
  await assert.rejects(readIfPresent(folder), { code: 'EISDIR' })
})
