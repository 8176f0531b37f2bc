/**
 * Makes one executable file of a program and the Node that runs it (Node's "single executable applications"). It needs
 * the C and C++ libraries of a Linux with glibc, and nothing else.
 */

import { execFile } from 'node:child_process'
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { build } from 'esbuild'

const execute = promisify(execFile)

const inject = join(import.meta.dirname, 'node_modules', 'postject', 'dist', 'cli.js')

/** The name under which a Node looks for a program in itself, and the text by which it knows that there is one. */
const section = 'NODE_SEA_BLOB'
const sentinelFuse = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2'

export async function packageExecutable(entry: string, outfile: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'lazuli-executable-'))
  try {
    const [script, blob] = [join(folder, 'program.cjs'), join(folder, 'program.blob')]
    await build({
      entryPoints: [entry],
      outfile: script,
      bundle: true,
      // What a single executable starts is a script, not a module.
      format: 'cjs',
      platform: 'node',
      target: `node${process.versions.node}`,
      minify: true,
      keepNames: true,
      legalComments: 'none',
      logLevel: 'warning',
      // A script does not know where it is; who asks has another answer then.
      logOverride: { 'empty-import-meta': 'silent' },
    })
    const wish = {
      ...{ main: script, output: blob, disableExperimentalSEAWarning: true },
      // It runs as root, in an environment that others have made.
      ...{ execArgv: ['--max-old-space-size=64'], execArgvExtension: 'none' },
    }
    await writeFile(join(folder, 'wish.json'), JSON.stringify(wish))
    await execute(process.execPath, ['--experimental-sea-config', join(folder, 'wish.json')])
    await copyFile(process.execPath, outfile)
    await execute(process.execPath, [inject, outfile, section, blob, '--sentinel-fuse', sentinelFuse])
  } finally {
    await rm(folder, { recursive: true })
  }
}
