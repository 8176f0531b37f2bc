/**
 * `npm run build`: bundles what the published package consists of into dist/, and writes THIRD_PARTY_NOTICES from what
 * the bundle really contains. What is imported lazily becomes a file of its own, so that the command line starts fast.
 * `node build.ts FOLDER` puts both there instead.
 */

import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { build, type Metafile } from 'esbuild'
import { packageAgent } from './package-agent.ts'
import { banner, extensions, packageExtension } from './package-extensions.ts'
import { archiveName, builtIn } from './src/server/extensions/built-in.ts'
import { filesBelow, zip } from './src/server/extensions/write-zip.ts'

const into = resolve(process.argv[2] ?? import.meta.dirname)
const dist = join(into, 'dist')
process.chdir(import.meta.dirname)
rmSync(dist, { recursive: true, force: true })

const { metafile } = await build({
  // A thread's program is found by its name.
  entryPoints: {
    cli: 'src/cli/main.ts',
    'pfx-worker': 'src/certificate-bundle/pfx/worker.ts',
    'private-thread': 'src/server/vaults/cryptography/private-thread.ts',
  },
  outdir: dist,
  outExtension: { '.js': '.mjs' },
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node22.13',
  minifySyntax: true,
  minifyWhitespace: true,
  // Names stay as they are in the sources, for stack traces and `error.name`. To shorten them and keep what they were
  // would have each function write down its name whenever it is made, of which a request makes dozens.
  legalComments: 'none',
  metafile: true,
  logLevel: 'warning',
  banner,
})
addTo(metafile, await packageAgent(join(dist, 'agent', 'agent.mjs')))
for (const name of extensions) {
  const folder = join(dist, 'extensions', name)
  addTo(metafile, await packageExtension(name, folder))
  const called = builtIn[name]
  if (!called) throw new Error(`${name} has no publisher, type and version.`)
  writeFileSync(join(dist, 'extensions', archiveName(called)), zip(filesBelow(folder)))
}
writeFileSync(join(into, 'THIRD_PARTY_NOTICES'), notices(packagesIn(metafile)))

for (const [file, { bytes }] of Object.entries(metafile.outputs))
  console.log(`${String(Math.ceil(bytes / 1024)).padStart(6)} KiB  ${file}`)

function addTo(whole: Metafile, { inputs, outputs }: Metafile): void {
  Object.assign(whole.inputs, inputs)
  Object.assign(whole.outputs, outputs)
}

/** The folders of the npm packages of which anything is in the bundle. */
function packagesIn({ inputs }: Metafile): string[] {
  const folders = Object.keys(inputs).flatMap(path => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? [])
  return [...new Set(folders)].sort()
}

function notices(folders: readonly string[]): string {
  const intro = `Lazuli contains the following packages.\n`
  const entries = folders.map(folder => {
    const { name, version, license, author } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
    const files = readdirSync(folder)
    const file = files.find(entry => /^(licen[cs]e|copying)/i.test(entry))
    const text = file === undefined ? forgotten(name, license, author) : readFileSync(join(folder, file), 'utf8').trim()
    if (!text) throw new Error(`${name} has no licence file in ${resolve(folder)}.`)
    const notice = files.find(entry => /^notice/i.test(entry))
    const texts = [text, ...(notice ? [readFileSync(join(folder, notice), 'utf8').trim()] : [])]
    return [`${name} ${version} (${license})`, ...texts].join('\n\n')
  })
  return `${[intro, ...entries].join(`\n${'-'.repeat(78)}\n\n`)}\n`
}

/** Some leave the file out of their package. The text is what package.json, or their repository, says that it is. */
function forgotten(name: string, license: string, author: unknown): string | undefined {
  // It is a fork of sax, and repeats that one's licence.
  if (name === 'saxes') return iscLicence('Contributors', 'Isaac Z. Schlueter and Contributors')
  if (license === 'MIT' && typeof author === 'string') return mitLicence(author)
  return license === 'Apache-2.0' ? readFileSync('LICENSE', 'utf8').trim() : undefined
}

function iscLicence(...holders: string[]): string {
  return `The ISC License

${holders.map(holder => `Copyright (c) ${holder}`).join('\n')}

Permission to use, copy, modify, and/or distribute this software for any purpose with or without fee is hereby granted, provided that the above copyright notice and this permission notice appear in all copies.

THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES WITH REGARD TO THIS SOFTWARE INCLUDING ALL IMPLIED WARRANTIES OF MERCHANTABILITY AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR ANY SPECIAL, DIRECT, INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY DAMAGES WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN AN ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF OR IN CONNECTION WITH THE USE OR PERFORMANCE OF THIS SOFTWARE.`
}

function mitLicence(holder: string): string {
  return `MIT License

Copyright (c) ${holder}

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation files (the "Software"), to deal in the Software without restriction, including without limitation the rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.`
}
