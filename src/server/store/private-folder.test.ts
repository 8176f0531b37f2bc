import assert from 'node:assert/strict'
import { chmod, mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { makePrivateFolder } from './private-folder.ts'

async function emptyFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'lazuli-'))
  t.after(() => rm(folder, { recursive: true }))
  return folder
}

const modeOf = async (path: string) => (await stat(path)).mode & 0o777

test('a data directory is made for its owner alone', async t => {
  const path = join(await emptyFolder(t), 'a', 'b')
  await makePrivateFolder(path)
  assert.equal(await modeOf(path), 0o700)
})

test('a data directory that others may read is closed when it is empty, and when our database is in it', async t => {
  const path = await emptyFolder(t)
  await chmod(path, 0o755)
  await makePrivateFolder(path)
  assert.equal(await modeOf(path), 0o700)

  await writeFile(join(path, 'lazuli.sqlite'), '')
  await chmod(path, 0o750)
  await makePrivateFolder(path)
  assert.equal(await modeOf(path), 0o700)
})

test('a folder of other things that others may read is left as it is, and refused', async t => {
  const path = await emptyFolder(t)
  await mkdir(join(path, 'something'))
  await chmod(path, 0o755)
  await assert.rejects(makePrivateFolder(path), /chmod 700/)
  assert.equal(await modeOf(path), 0o755)

  await chmod(path, 0o700)
  await makePrivateFolder(path)
})

test("somebody else's folder is refused", async t => {
  const path = await emptyFolder(t)
  const { uid } = await stat(path)
  await assert.rejects(makePrivateFolder(path, uid + 1), /belongs to another user/)
})
