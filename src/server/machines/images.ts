import { createHash } from 'node:crypto'
import { chmod, mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import * as z from 'zod'
import { isErrno } from '../store/durable-file.ts'
import { type Distribution, ownArchives, parseDistribution } from './apt-sources.ts'
import { withFileLock } from './file-lock.ts'
import type { Recipe } from './image-recipe.ts'
import type { Run } from './run.ts'

/** A root file system, read-only below every machine made from it. */
export type Image = { readonly root: string; readonly os: { readonly name: string; readonly version: string } }

export type ImageOptions = {
  /** Shared by all data directories of a user; images are never changed once they are in it. */
  readonly cacheDir: string
  readonly recipe: Recipe
  readonly run: Run
  readonly progress: (line: string) => void
}

const manifestSchema = z.object({ os: z.object({ name: z.string(), version: z.string() }), recipe: z.string() })

/** The image if it is in the cache; undefined when it has to be built. Takes milliseconds. */
export async function findImage({
  cacheDir,
  recipe,
}: Pick<ImageOptions, 'cacheDir' | 'recipe'>): Promise<Image | undefined> {
  const { folder } = await place(cacheDir, recipe)
  return readImage(folder)
}

/**
 * Returns the image of a recipe, of the host's own distribution, and builds it first when it is missing (half a minute). It
 * appears in the cache whole or not at all; of several builders at once one works and the others wait for it.
 */
export async function ensureImage({ cacheDir, recipe, run, progress }: ImageOptions): Promise<Image> {
  const { folder, distribution } = await place(cacheDir, recipe)
  const cached = await readImage(folder)
  if (cached) return cached

  await mkdir(cacheDir, { recursive: true, mode: 0o755 })
  return withFileLock(`${folder}.lock`, async () => {
    const builtMeanwhile = await readImage(folder)
    if (builtMeanwhile) return builtMeanwhile
    const draft = `${folder}.building`
    await removeTree(run, draft)
    try {
      await build({ draft, recipe, distribution, run, progress })
      await rename(draft, folder)
    } catch (error) {
      await removeTree(run, draft)
      throw error
    }
    const image = await readImage(folder)
    if (!image) throw new Error(`The image in ${folder} cannot be read back.`)
    return image
  })
}

async function place(cacheDir: string, recipe: Recipe) {
  const distribution = parseDistribution(await readFile('/etc/os-release', 'utf8'))
  if (!distribution) throw new Error('This distribution has no code name in /etc/os-release; Debian and Ubuntu do.')
  return { distribution, folder: join(cacheDir, `${distribution.codename}-${recipeHash(recipe)}`) }
}

function recipeHash(recipe: Recipe): string {
  return createHash('sha256').update(JSON.stringify(recipe)).digest('hex').slice(0, 12)
}

async function readImage(folder: string): Promise<Image | undefined> {
  try {
    const { os } = manifestSchema.parse(JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8')))
    return { root: join(folder, 'rootfs'), os }
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined
    throw error
  }
}

type Build = Pick<ImageOptions, 'run' | 'progress'> & {
  readonly draft: string
  readonly recipe: Recipe
  readonly distribution: Distribution
}

async function build({ draft, recipe, distribution, run, progress }: Build): Promise<void> {
  const root = join(draft, 'rootfs')
  const archives = ownArchives(await readAptSources(), distribution)
  if (archives.length === 0) {
    throw new Error(`/etc/apt has no source of ${distribution.name}'s own archive for ${distribution.codename}.`)
  }
  progress(`Building the ${distribution.name} ${distribution.version} image, once (about half a minute)`)
  await mkdir(draft, { recursive: true, mode: 0o755 })
  const proxyOptions = join(draft, 'apt-proxy.conf')
  await writeFile(proxyOptions, (await run('apt-config', ['dump', 'Acquire::http', 'Acquire::https'])).stdout)
  const options = [
    ...['--variant=minbase', '--mode=root', '--format=directory', `--include=${recipe.packages.join(',')}`],
    ...recipe.excludedPaths.map(pattern => `--dpkgopt=path-exclude=${pattern}`),
    `--aptopt=${proxyOptions}`,
  ]
  await run('mmdebstrap', [...options, distribution.codename, root, ...archives], {
    onProgress: line => progress(line.replace(/^I: /, '')),
  })

  await rm(proxyOptions)
  await removeIdentity(root)
  for (const unit of recipe.maskedUnits) await linkTo('/dev/null', join(root, 'etc/systemd/system', unit))
  for (const { path, mode, text } of recipe.files) {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await writeFile(join(root, path), text)
    await chmod(join(root, path), mode)
  }
  const manifest = { os: { name: distribution.name, version: distribution.version }, recipe: recipeHash(recipe) }
  await writeFile(join(draft, 'manifest.json'), `${JSON.stringify(manifest)}\n`)
  // The rename that follows must not reach the disk before what it names.
  await run('sync', ['--file-system', draft])
}

async function readAptSources(): Promise<{ name: string; text: string }[]> {
  const folder = '/etc/apt/sources.list.d'
  const listed = await readdir(folder).catch(missing([]))
  const names = ['/etc/apt/sources.list', ...listed.map(name => join(folder, name))]
  const read = names
    .filter(name => /\.(list|sources)$/.test(name))
    .map(async name => ({ name, text: await readFile(name, 'utf8').catch(missing('')) }))
  return Promise.all(read)
}

const missing =
  <T>(instead: T) =>
  (error: unknown): T => {
    if (isErrno(error, 'ENOENT')) return instead
    throw error
  }

/** What the packages' own scripts or mmdebstrap made, and what must be different in every machine. */
async function removeIdentity(root: string): Promise<void> {
  const hostKeys = (await readdir(join(root, 'etc/ssh'))).filter(name => name.startsWith('ssh_host_'))
  const paths = [
    ...hostKeys.map(name => `etc/ssh/${name}`),
    'var/lib/dbus/machine-id',
    'etc/hostname',
    'etc/resolv.conf',
  ]
  for (const path of paths) await rm(join(root, path), { force: true })
  await writeFile(join(root, 'etc/machine-id'), '')
}

async function linkTo(target: string, path: string): Promise<void> {
  await rm(path, { force: true })
  await symlink(target, path)
}

/** Never leaves the file system it starts on, so a forgotten mount below costs nothing. */
const removeTree = (run: Run, path: string) => run('rm', ['-rf', '--one-file-system', '--', path])
