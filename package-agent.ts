/** Bundles the machines' agent into one file. */

import { build, type Metafile } from 'esbuild'

/** Every machine loads it. */
const limitBytes = 200 * 1024

export async function packageAgent(outfile: string): Promise<Metafile> {
  const { metafile } = await build({
    entryPoints: [`${import.meta.dirname}/src/agent/main.ts`],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node18',
    minify: true,
    keepNames: true,
    legalComments: 'none',
    metafile: true,
    logLevel: 'warning',
  })
  for (const [file, { bytes }] of Object.entries(metafile.outputs))
    if (bytes > limitBytes) throw new Error(`${file} has ${bytes} bytes, and may have ${limitBytes}.`)
  return metafile
}
