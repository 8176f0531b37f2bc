/**
 * `npm run bench [name…]`: measures Lazuli beside its peers, in one run, on this machine. Prints medians, what they lie
 * between, and ratios; a bar that is missed is said, and no reason to fail.
 */

import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, release, totalmem } from 'node:os'
import { blob } from './blob.ts'
import { certificates } from './certificates.ts'
import { arePinned } from './cores.ts'
import { extensions } from './extensions.ts'
import { keyVault } from './key-vault.ts'
import { buildPackage } from './lazuli.ts'
import { machines } from './machines.ts'
import { manyBlobs } from './many-blobs.ts'
import { installPeers } from './peers.ts'
import { heading, note } from './report.ts'
import { start } from './start.ts'
import { tokens } from './tokens.ts'
import { writes } from './writes.ts'

const benchmarks = {
  ...{ tokens, start, writes, machines, extensions, certificates },
  ...{ 'key-vault': keyVault, blob, 'many-blobs': manyBlobs },
}
type Name = keyof typeof benchmarks

const isName = (text: string): text is Name => Object.hasOwn(benchmarks, text)
const asked = process.argv.slice(2)
const unknown = asked.filter(name => !isName(name))
if (unknown.length > 0) {
  console.error(`No benchmark is called ${unknown.join(' or ')}. There are: ${Object.keys(benchmarks).join(', ')}.`)
  process.exit(2)
}
if (process.platform !== 'linux') {
  console.error('The benchmarks read /proc and need Linux.')
  process.exit(2)
}

installPeers()
// Not below /tmp, which may be kept in memory, where nothing is ever written durably.
const folder = mkdtempSync('/var/tmp/lazuli-bench-')
try {
  heading('This machine')
  const [processor] = cpus()
  note(`${cpus().length} × ${processor?.model.trim() ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GiB`)
  note(`Linux ${release()}, Node ${process.versions.node}`)
  note(
    arePinned
      ? 'Where rates are measured, the server has one core and the load another, unless it says otherwise.'
      : 'Server and load share the cores: there is no taskset, or one core.',
  )
  const program = buildPackage(folder)
  for (const name of asked.length > 0 ? asked.filter(isName) : (Object.keys(benchmarks) as Name[])) {
    await benchmarks[name]({ program, folder })
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
} finally {
  rmSync(folder, { recursive: true, force: true })
}
