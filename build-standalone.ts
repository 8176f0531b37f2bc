/**
 * The other half of `npm run build`: each extension once more, as a package whose program is one executable file, for
 * machines without Node and for Azure's own guest agent. They are large, and the published package does without them.
 * `node build-standalone.ts FOLDER` puts them there instead of into dist/standalone.
 */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { extensions, packageStandalone } from './package-extensions.ts'
import { archiveName, builtIn } from './src/server/extensions/built-in.ts'
import { filesBelow, zip } from './src/server/extensions/write-zip.ts'

const into = resolve(process.argv[2] ?? join(import.meta.dirname, 'dist', 'standalone'))
rmSync(into, { recursive: true, force: true })
mkdirSync(into, { recursive: true })

for (const name of extensions) {
  const called = builtIn[name]
  if (!called) throw new Error(`${name} has no publisher, type and version.`)
  const draft = mkdtempSync(join(into, '.draft-'))
  await packageStandalone(name, draft)
  const archive = zip(filesBelow(draft))
  writeFileSync(join(into, archiveName(called)), archive)
  rmSync(draft, { recursive: true })
  console.log(`${String(Math.ceil(archive.length / 1024)).padStart(6)} KiB  ${archiveName(called)}`)
}
