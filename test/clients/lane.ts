/**
 * Where the tests get the real az from: two Debian releases as root file systems in the user's cache, each with the
 * azure-cli that it ships. bookworm's 2.45 is what most Debian machines have, trixie's 2.74 is a current one. They are
 * built once, from the archive that the host's own apt uses.
 */

import { createHash } from 'node:crypto'
import { copyFile, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { withFileLock } from '../../src/server/machines/file-lock.ts'
import { run } from '../../src/server/machines/run.ts'

export const suites = ['trixie', 'bookworm'] as const
export type Suite = (typeof suites)[number]

export type Lane = {
  readonly root: string
  /** az's own list of which of its modules has which command. Without it, the first az of a new home takes a second more. */
  readonly commandIndex: string
}

export const enter = fileURLToPath(new URL('enter', import.meta.url))

const recipe = {
  // myhostname resolves *.localhost, as systemd-resolved does on most people's machines.
  packages: ['azure-cli', 'ca-certificates', 'curl', 'openssl', 'libnss-myhostname'],
  excludedPaths: ['/usr/share/doc/*', '/usr/share/locale/*', '/usr/share/man/*'],
  keyring: '/usr/share/keyrings/debian-archive-keyring.gpg',
  files: {
    // az asks the internet now and then. A name server that refuses answers that at once; one that is silent costs 20 s.
    'etc/resolv.conf': 'nameserver 127.0.0.1\n',
    'etc/hosts': '127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n',
  },
}
const recipeHash = createHash('sha256').update(JSON.stringify(recipe)).digest('hex').slice(0, 12)

const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'lazuli/clients')

/** Why this machine cannot run the real az, for `test(name, { skip: lanesMissing }, …)`; false when it can. */
export const lanesMissing: string | false = await reasonAgainst()

async function reasonAgainst(): Promise<string | false> {
  if (process.platform !== 'linux') return 'the real az runs in a Debian root file system, which needs Linux'
  if (process.getuid?.() !== 0) return 'the real az runs in a Debian root file system, which needs root'
  const osRelease = await readFile('/etc/os-release', 'utf8')
  if (!/^ID=debian$/m.test(osRelease)) return "the real az comes from Debian's archive, and this is not Debian"
  return false
}

/** The lane of `suite` if it has been built after the present recipe. */
export async function findLane(suite: Suite): Promise<Lane | undefined> {
  const folder = join(cache, suite)
  const built = await readFile(join(folder, 'recipe'), 'utf8').catch(error => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  return built === recipeHash
    ? { root: join(folder, 'root'), commandIndex: join(folder, 'commandIndex.json') }
    : undefined
}

/**
 * The lane of `suite`, built first when it is missing: about two minutes and 1.8 GB. It appears whole or not at all; of
 * several processes that want it at once, one builds and the others wait.
 */
export async function ensureLane(suite: Suite): Promise<Lane> {
  const found = await findLane(suite)
  if (found) return found
  if (lanesMissing !== false) throw new Error(lanesMissing)
  await mkdir(cache, { recursive: true })
  return withFileLock(join(cache, `${suite}.lock`), async () => {
    const builtMeanwhile = await findLane(suite)
    if (builtMeanwhile) return builtMeanwhile
    const [folder, draft] = [join(cache, suite), join(cache, `${suite}.building`)]
    await removeTree(draft)
    await build(suite, draft)
    await removeTree(folder)
    await rename(draft, folder)
    const lane = await findLane(suite)
    if (!lane) throw new Error(`The lane in ${folder} cannot be read back.`)
    return lane
  })
}

async function build(suite: Suite, draft: string): Promise<void> {
  const root = join(draft, 'root')
  await mkdir(draft, { recursive: true })
  // mmdebstrap does not read the host's apt configuration, in which a proxy may be named.
  const proxy = join(draft, 'proxy.conf')
  await writeFile(proxy, (await run('apt-config', ['dump', 'Acquire::http', 'Acquire::https'])).stdout)
  await run('mmdebstrap', [
    ...['--variant=apt', '--mode=root', '--format=directory', `--include=${recipe.packages.join(',')}`],
    ...recipe.excludedPaths.map(pattern => `--dpkgopt=path-exclude=${pattern}`),
    `--aptopt=${proxy}`,
    ...[suite, root, `deb [signed-by=${recipe.keyring}] ${await hostArchive()} ${suite} main`],
  ])
  await rm(proxy)
  for (const [path, text] of Object.entries(recipe.files)) {
    await rm(join(root, path), { force: true })
    await writeFile(join(root, path), text)
  }
  const home = await mkdtemp('/tmp/lazuli-az-')
  await run(enter, [root, 'env', `AZURE_CONFIG_DIR=${home}`, 'az', 'cloud', 'list'])
  await copyFile(join(home, 'commandIndex.json'), join(draft, 'commandIndex.json'))
  await rm(home, { recursive: true })
  await writeFile(join(draft, 'recipe'), recipeHash)
}

/** The archive that the host's own apt uses for the host's own release; it has the other releases, too. */
async function hostArchive(): Promise<string> {
  const release = /^VERSION_CODENAME=(.*)$/m.exec(await readFile('/etc/os-release', 'utf8'))?.[1]
  const format = '$(RELEASE) $(COMPONENT) $(REPO_URI)'
  const { stdout } = await run('apt-get', ['indextargets', '--format', format, 'Identifier: Packages'])
  const lines = stdout.split('\n').map(line => line.split(' '))
  const uri = lines.find(([suite, component]) => suite === release && component === 'main')?.[2]
  if (!uri) throw new Error(`apt has no archive for Debian ${release}`)
  return uri
}

/** Never leaves the file system it starts on, so that a forgotten mount below costs nothing. */
const removeTree = (path: string) => run('rm', ['-rf', '--one-file-system', '--', path])
