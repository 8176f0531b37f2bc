/**
 * Runs the tests: all of them, or with arguments those whose path contains one of them. As many files as the host has
 * processors run side by side, each in a process of its own, and come out as one report of Node's test runner.
 */

import { execFileSync } from 'node:child_process'
import { chmodSync, globSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join, relative, resolve } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { spec } from 'node:test/reporters'
import { setTimeout as pause } from 'node:timers/promises'
import { ensureLane, findLane, lanesMissing, suites } from './clients/lane.ts'
import { leftovers, snapshot } from './leftovers.ts'
import { report, type Verdict } from './report.ts'

const root = resolve(import.meta.dirname, '..')
process.chdir(root)

const patterns = process.argv.slice(2).map(argument => relative(root, resolve(argument)))
const chosen = globSync('{src,test}/**/*.test.ts')
  .filter(file => patterns.length === 0 || patterns.some(pattern => file.includes(pattern)))
  .sort()
if (chosen.length === 0) {
  console.error(patterns.length === 0 ? 'There are no tests.' : `No test file is called like ${patterns.join(' or ')}.`)
  process.exit(1)
}

const isUnit = (file: string) => file.startsWith('src/')
const isMachine = (file: string) => file.startsWith('test/machine/')
const needsAz = (file: string) => !isUnit(file) && /from '.*\/az\.ts'/.test(readFileSync(file, 'utf8'))
const filesOf = (belongs: (file: string) => boolean) => chosen.filter(belongs).map(file => resolve(file))

const unit = filesOf(isUnit)
const files = [
  ...(unit.length > 0 ? [resolve('test/unit.ts')] : []),
  ...filesOf(file => !isUnit(file) && !isMachine(file) && !needsAz(file)),
  ...filesOf(file => isMachine(file) && !needsAz(file)),
  // Last, because the az lanes are built while the others run; and of these the shortest last, so that no long one is
  // alone at the end.
  ...filesOf(file => isMachine(file) && needsAz(file)),
  ...filesOf(file => !isMachine(file) && needsAz(file)),
]

// Everything the tests make is below one folder, and everything they start has its name in the environment. It is below
// /tmp, which the az lanes share with the host, and it is short, because socket paths may not be long.
const folder = mkdtempSync('/tmp/lazuli-test-')
// As in /tmp itself, other users may reach what a test lets them read.
chmodSync(folder, 0o711)
process.env.TMPDIR = folder
// The sources are stripped of their types and compiled once, by whichever process comes first, and not by each of them.
process.env.NODE_COMPILE_CACHE = join(root, 'node_modules', '.cache', 'lazuli')
process.env.XDG_DATA_HOME = join(folder, 'no-test-named-its-data-directory')
const before = snapshot(folder)

// As it is published, the program starts in half the time that its sources take, and the tests start it a thousand times.
// The launcher prefers the build as long as no source is newer.
if (patterns.length === 0) execFileSync(process.execPath, ['build.ts'])

const lanes = chosen.some(needsAz) && lanesMissing === false ? suites.map(announceLane) : []
const concurrency = Math.max(2, availableParallelism())
const verdict: Verdict = { passed: true, notRun: [] }
await pipeline(Readable.from(report({ files, unit, concurrency }, verdict)), new spec(), process.stdout, { end: false })
await Promise.all(lanes)

const skipped = mustRunAll() ? verdict.notRun : []
for (const name of skipped) console.error(`skipped: ${name}`)
const left = await whatIsLeft()
for (const thing of left) console.error(`left behind: ${thing}`)
// Who runs chosen tests is developing, and may well have a Lazuli or another run at work on this machine. What those
// make meanwhile cannot be told from what this run left.
const passed = verdict.passed && skipped.length === 0 && (left.length === 0 || patterns.length > 0)
process.exitCode = passed ? 0 : 1
// Whatever is still mounted below it may be somebody's files.
if (!left.some(thing => thing.startsWith(`mount ${folder}`))) rmSync(folder, { recursive: true, force: true })

/** Builds a lane when it is missing. The tests that need it wait for it, and fail if it cannot be built. */
async function announceLane(suite: (typeof suites)[number]): Promise<void> {
  if (await findLane(suite)) return
  console.log(`Building the az of Debian ${suite} in the background, once (two minutes, 1.8 GB in the cache).`)
  await ensureLane(suite).then(
    () => console.log(`The az of Debian ${suite} is built.`),
    error => console.error(`The az of Debian ${suite} could not be built: ${error.message}`),
  )
}

/** Elsewhere, a test says what it misses; on Debian as root, it misses nothing that `npm test` has not installed. */
function mustRunAll(): boolean {
  return process.getuid?.() === 0 && /^ID=debian$/m.test(readFileSync('/etc/os-release', 'utf8'))
}

/** What the tests left on this host, after some seconds in which what is ending may end. */
async function whatIsLeft(): Promise<string[]> {
  const look = () => [
    ...leftovers(before, snapshot(folder)),
    ...readdirSync(folder).map(name => `folder ${join(folder, name)}`),
  ]
  for (let attempt = 0; attempt < 20 && look().length > 0; attempt++) await pause(500)
  return look()
}
