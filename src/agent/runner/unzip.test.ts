import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { type ZipFile, zip } from '../../server/extensions/write-zip.ts'
import { unzip } from './unzip.ts'

async function unpacked(t: TestContext, archive: Uint8Array): Promise<string> {
  const place = await mkdtemp(join(tmpdir(), 'lazuli-'))
  t.after(() => rm(place, { recursive: true }))
  await mkdir(join(place, 'into'))
  await writeFile(join(place, 'package.zip'), archive)
  await unzip(join(place, 'package.zip'), join(place, 'into'))
  return join(place, 'into')
}

test('files come out whole, in their folders, with their modes', async t => {
  const noise = Buffer.from(Array.from({ length: 300_000 }, (_, at) => (at * at) % 251))
  const folder = await unpacked(
    t,
    zip([
      { path: 'bin/', content: '', mode: 0o040755 },
      { path: 'bin/run.sh', content: '#!/bin/sh\n', mode: 0o100755 },
      { path: 'a/b/noise', content: noise },
      { path: 'empty', content: '' },
    ]),
  )
  assert.equal(await readFile(join(folder, 'bin/run.sh'), 'utf8'), '#!/bin/sh\n')
  assert.equal((await stat(join(folder, 'bin/run.sh'))).mode & 0o777, 0o755)
  assert.ok((await readFile(join(folder, 'a/b/noise'))).equals(noise))
  assert.equal((await stat(join(folder, 'empty'))).size, 0)
})

const hostile: [what: string, files: ZipFile[], complaint: RegExp][] = [
  ['a path upwards', [{ path: '../evil', content: 'x' }], /'\.\.\/evil' is no place below a folder/],
  ['a path upwards further on', [{ path: 'a/../../evil', content: 'x' }], /no place below a folder/],
  ['an absolute path', [{ path: '/etc/evil', content: 'x' }], /no place below a folder/],
  ['a path upwards with backslashes', [{ path: '..\\evil', content: 'x' }], /no place below a folder/],
  ['an empty segment', [{ path: 'a//b', content: 'x' }], /no place below a folder/],
  ['a NUL', [{ path: 'a\0b', content: 'x' }], /no place below a folder/],
  ['a link', [{ path: 'etc', content: '/etc', mode: 0o120777 }], /'etc' is a link/],
  [
    'one file twice',
    [
      { path: 'a', content: '1' },
      { path: 'a', content: '2' },
    ],
    /EEXIST/,
  ],
]

for (const [what, files, complaint] of hostile) {
  test(`an archive with ${what} is refused`, async t => {
    await assert.rejects(unpacked(t, zip(files)), complaint)
  })
}

test('an archive that was damaged or cut is refused, wherever that was', async t => {
  const archive = zip([{ path: 'file', content: 'some content that can be compressed, compressed, compressed' }])
  await assert.rejects(unpacked(t, Buffer.from('no archive at all')), /it has no directory/)
  await assert.rejects(unpacked(t, archive.subarray(0, -5)), /it has no directory/)
  await assert.rejects(unpacked(t, archive.subarray(10)), /BadZip/)
  let refused = 0
  for (let at = 34; at < 70; at++) {
    const damaged = Buffer.from(archive)
    damaged.writeUInt8(damaged.readUInt8(at) ^ 0xff, at)
    await unpacked(t, damaged).then(
      () => assert.fail(`byte ${at}`),
      () => refused++,
    )
  }
  assert.equal(refused, 36)
})

test('an archive that says less than it has is refused, not unpacked', async t => {
  const archive = zip([{ path: 'bomb', content: Buffer.alloc(1_000_000) }])
  // The uncompressed size in the directory's entry.
  const entry = archive.lastIndexOf('PK\x01\x02')
  archive.writeUInt32LE(10, entry + 24)
  await assert.rejects(unpacked(t, archive), /longer than it says/)
})
