import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { nodeTrouble } from './node-in-image.ts'
import { run } from './run.ts'

const skip = process.getuid?.() === 0 ? false : 'needs root, which makes machines'

test('a library that an image lacks is named, and with all of them Node runs there', { skip }, async t => {
  const image = await mkdtemp(join(tmpdir(), 'lazuli-'))
  t.after(() => rm(image, { recursive: true }))
  await mkdir(join(image, 'etc'))
  await writeFile(join(image, 'etc/machine-id'), '')
  const { stdout } = await promisify(execFile)('ldd', [process.execPath])
  const needed = [...stdout.matchAll(/(?:=> )?(\/\S+) \(0x/g)].map(([, path]) => String(path))
  const give = async (path: string) => {
    await mkdir(join(image, dirname(path)), { recursive: true })
    await copyFile(path, join(image, path))
  }
  assert.match((await nodeTrouble(image, process.execPath, run)) ?? '', /No such file or directory/)

  for (const path of needed.filter(path => !path.includes('libstdc++'))) await give(path)
  assert.equal(
    await nodeTrouble(image, process.execPath, run),
    'error while loading shared libraries: libstdc++.so.6: cannot open shared object file: No such file or directory',
  )
  for (const path of needed) await give(path)
  assert.equal(await nodeTrouble(image, process.execPath, run), undefined)
})
