/**
 * The rules of this code base that a compiler does not know. The tables are the architecture: which part may use which,
 * and what of the outside world each part may touch.
 */

import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { test } from 'node:test'

/** Programs and what they share. What a folder may import besides its own files; `*` is every npm package. */
const programs: Readonly<Record<string, readonly string[]>> = {
  'src/wire': ['zod'],
  'src/metadata': ['src/wire', 'node:'],
  // Reads what vaults hand out and take in: the extension installs it, and the server keeps it. Pure but for its thread.
  'src/certificate-bundle': ['node:', 'node-forge'],
  'src/agent': ['src/wire', 'src/metadata', 'node:'],
  'src/extensions': ['src/wire', 'src/metadata', 'src/certificate-bundle', 'node:', 'zod'],
  'src/server': ['src/wire', 'src/metadata', 'src/certificate-bundle', 'node:', '*'],
  'src/cli': ['src/wire', 'src/metadata', 'src/certificate-bundle', 'src/server', 'node:', '*'],
  'test/contract': ['test', 'node:', '*'],
}

/** The folders of the server, from what knows least to what knows most. Each may import those before it. */
const serverLayers = [
  'ssh', // reads and makes SSH keys
  'signatures', // signatures of storage: makes and checks them, and knows no storage
  'access', // who may do what: pure decisions, and the grants that come of them
  'store', // takes grants; knows SQL
  'extents', // bytes that are too many for a row
  'certificates', // the local CA
  'tokens', // signs and checks
  'directory', // users, applications, the first tenant
  'machines', // makes a Linux
  'extensions', // the packages that machines can have
  'vaults', // what a vault is and how things get into it
  'door', // takes requests in and asks for a grant
  'arm', // the resource manager's engine
  'resources', // one file per resource type
  'planes', // one folder per protocol
]
// The files beside these folders (clock.ts, errors.ts …) are for all of them and import none of them, but for three:
// main.ts and open-parts.ts make the parts and may import all; parts.ts names their types and imports nothing else.
const [wiring, partTypes] = [['src/server/main.ts', 'src/server/open-parts.ts'], 'src/server/parts.ts']

/** Who may touch what. Tests and what is only for tests may touch everything. */
const touch: readonly { readonly what: RegExp; readonly where: RegExp; readonly rule: string }[] = [
  {
    what: /\bprocess\.env\b/,
    where: /^src\/(server\/config\.ts|cli\/|extensions\/handler\/environment\.ts)/,
    rule: 'each program reads the environment in one place, and the command line anywhere',
  },
  { what: /from '(kysely|node:sqlite)'/, where: /^src\/server\/store\//, rule: 'only the store knows SQL' },
  {
    what: /from 'node:child_process'/,
    where: /^src\/(extensions\/([\w-]+\/)?host|server\/machines|agent\/runner|cli)\//,
    rule: 'other programs are started where Linux is changed, and nowhere else',
  },
  {
    what: /\bconsole\.\w+\(/,
    where: /^src\/cli\/print\.ts$/,
    rule: 'nothing but print.ts prints',
  },
]

/**
 * Words that say nothing. `head` ones may qualify another word (data-disks, service-principals) but not be the thing,
 * unless that is what a standard calls it.
 */
const emptyWords = {
  anywhere: ['manager', 'helper', 'util', 'impl', 'factory', 'common'],
  head: ['service', 'base', 'data', 'info'],
}
const standardTerms = ['signed-data', 'enveloped-data'] // RFC 5652 §5 and §6

const lineLimit = 600

// In parts, so that this file obeys the rule that it checks.
const registryHosts = [
  ['registry', 'npmjs', 'org'],
  ['registry', 'yarnpkg', 'com'],
  ['deb', 'debian', 'org'],
  ['security', 'debian', 'org'],
  ['archive', 'ubuntu', 'com'],
  ['files', 'pythonhosted', 'org'],
  ['pypi', 'org'],
].map(labels => labels.join('.'))

process.chdir(resolve(import.meta.dirname, '..'))
const notOurs = ['node_modules', 'dist', '.git', 'THIRD_PARTY_NOTICES']
const filesBelow = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true })
    .filter(entry => !notOurs.includes(entry.name))
    .flatMap(entry => (entry.isDirectory() ? filesBelow(join(folder, entry.name)) : join(folder, entry.name)))
const allFiles = filesBelow('.').sort()
const sources = allFiles.filter(path => /^(src|test|bench|portal)\/.*\.tsx?$/.test(path))
const code = sources.filter(path => path.startsWith('src/'))
const read = (path: string) => readFileSync(path, 'utf8')

/** Tests, and what is only there for tests: files and folders called testing. */
const isForTests = (path: string) => /\.test\.ts$|\/testing[\w-]*(\/|\.ts$)/.test(path)

/** What a file imports, in any form, its own files as paths from here: `src/wire/resource-id.ts`, `node:fs`, `zod`. */
function imports(path: string): { target: string; typesOnly: boolean }[] {
  const statement =
    /^(?:import|export)\s+(type\s)?[^'"]*?\bfrom\s+'([^']+)'|^import\s+'([^']+)'|\bimport\('([^']+)'\)/gm
  return [...read(path).matchAll(statement)].map(([, type, from, bare, dynamic]) => {
    const target = from ?? bare ?? dynamic ?? ''
    return { target: target.startsWith('.') ? join(dirname(path), target) : target, typesOnly: type !== undefined }
  })
}

const isBelow = (path: string, folder: string) => path.startsWith(`${folder}/`)

test('each program imports only what it may', () => {
  const wrong = Object.entries(programs).flatMap(([folder, allowed]) =>
    sources
      .filter(path => isBelow(path, folder) && !(isBelow(path, 'src') && isForTests(path)))
      .flatMap(path => imports(path).map(({ target }) => ({ path, target })))
      .filter(({ target }) => !isBelow(target, folder) && !allowed.some(one => isAllowed(target, one))),
  )
  assert.deepEqual(wrong, [])
})

function isAllowed(target: string, allowed: string): boolean {
  if (allowed === 'node:') return target.startsWith('node:')
  if (allowed === '*') return !/^(node:|src\/|test\/)/.test(target)
  return target === allowed || isBelow(target, allowed)
}

test('no folder of the server imports one that knows more', () => {
  const layerOf = (path: string) => /^src\/server\/([^/]+)\//.exec(path)?.[1]
  const folders = new Set(code.filter(path => !isForTests(path)).flatMap(path => layerOf(path) ?? []))
  assert.deepEqual(
    [...folders].filter(folder => !serverLayers.includes(folder)),
    [],
    'folders without a place',
  )

  const wrong = code
    .filter(path => isBelow(path, 'src/server') && ![...wiring, partTypes].includes(path) && !isForTests(path))
    .flatMap(path => imports(path).map(({ target }) => ({ path, target })))
    .filter(({ path, target }) => {
      const [from, to] = [layerOf(path), layerOf(target)]
      if (to === undefined) return wiring.includes(target)
      return from === undefined || serverLayers.indexOf(to) > serverLayers.indexOf(from)
    })
  assert.deepEqual(wrong, [])
})

test('the file that names the types of the parts imports types only', () => {
  assert.deepEqual(
    imports(partTypes).filter(({ typesOnly }) => !typesOnly),
    [],
  )
})

for (const { what, where, rule } of touch) {
  test(rule, () => {
    const wrong = code.filter(path => !where.test(path) && !isForTests(path) && what.test(read(path)))
    assert.deepEqual(wrong, [])
  })
}

test('every file of the source is part of a program, or of the tests of one', () => {
  const reached = new Set<string>()
  const reach = (path: string) => {
    if (reached.has(path) || !existsSync(path)) return
    reached.add(path)
    // A file can also be named as a URL, when it is to be a program or a worker of its own.
    const named = [...read(path).matchAll(/new URL\('([^']+\.ts)'/g)].map(match => join(dirname(path), match[1] ?? ''))
    for (const target of [...imports(path).map(({ target }) => target), ...named])
      if (target.endsWith('.ts')) reach(target)
  }
  for (const path of code.filter(path => path.endsWith('/main.ts'))) reach(path)
  const dead = code.filter(path => !isForTests(path) && !reached.has(path))
  assert.deepEqual(dead, [])
})

test(`no file has more than ${lineLimit} lines`, () => {
  assert.deepEqual(
    sources.filter(path => read(path).split('\n').length > lineLimit + 1),
    [],
  )
})

test('file and folder names use the terms of the field, not words that say nothing', () => {
  const isEmpty = (name: string) => {
    const term = name.replace(/(\.test)?\.\w+$/, '').toLowerCase()
    const words = term.split(/[-.]/).map(word => word.replace(/s$/, ''))
    if (standardTerms.includes(term)) return false
    return words.some(word => emptyWords.anywhere.includes(word)) || emptyWords.head.includes(words.at(-1) ?? '')
  }
  assert.deepEqual(
    sources.filter(path => path.split('/').some(isEmpty)),
    [],
  )
})

test('a TODO says what is to be done', () => {
  assert.deepEqual(
    sources.filter(path => path !== 'test/architecture.test.ts' && /\bTODO(?!: \S)/.test(read(path))),
    [],
  )
})

test('no file names the host of a package registry, so that everybody can use a mirror', () => {
  assert.deepEqual(
    allFiles.filter(path => registryHosts.some(host => read(path).includes(host))),
    [],
  )
})

test('every npm package is a development dependency with an exact version', () => {
  const { dependencies, devDependencies } = JSON.parse(read('package.json'))
  assert.equal(dependencies, undefined, 'the published package bundles what it needs')
  assert.deepEqual(
    Object.entries(devDependencies).filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(String(version))),
    [],
  )
})

test('the npm scripts are start, dev, check, test, bench, build and what runs before them', () => {
  const allowed = ['start', 'dev', 'check', 'test', 'bench', 'build']
  const names = Object.keys(JSON.parse(read('package.json')).scripts)
  assert.deepEqual(
    names.filter(name => !allowed.includes(name.replace(/^pre/, ''))),
    [],
  )
})

test('the README opens with the two commands that start and test everything', () => {
  const opening = read('README.md').split('\n').slice(0, 20)
  for (const command of ['npm ci && npm start', 'npm ci && npm test']) {
    assert.ok(
      opening.some(line => line.trim().startsWith(command)),
      `${command} is missing from the first 20 lines`,
    )
  }
})
