/**
 * The packages of extensions that machines can have: those that come with Lazuli, and those that an operator has
 * published. A package is a file called as in Azure's agent, `<Publisher>.<Type>__<version>.zip`; there is no other index.
 */

import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createDurably, isErrno } from '../store/durable-file.ts'
import { supportsMultiple } from './package-manifest.ts'
import { compareVersions } from './versions.ts'

export type Package = {
  readonly publisher: string
  readonly type: string
  /** Two to four numbers. */
  readonly version: string
  /** Where the archive is. In a checkout, it is made when it is needed for the first time. */
  file(): Promise<string>
}

export type Packages = {
  /** All of them, the oldest version of each first. */
  list(): readonly Package[]
  find(handler: string, version: string): Package | undefined
  /** Hexadecimal SHA-256 of a package. */
  digest(found: Package): Promise<string>
  /** Whether a machine may have several extensions of it. */
  supportsMultiple(found: Package): Promise<boolean>
  /** Keeps a package. False when that version is there already: what machines have must not change under its name. */
  publish(name: Omit<Package, 'file'>, content: Uint8Array): Promise<boolean>
}

export const handlerOf = ({ publisher, type }: Pick<Package, 'publisher' | 'type'>) => `${publisher}.${type}`

/** `published` is a folder, which is made when the first package is. */
export async function openPackages({
  builtIn,
  published,
}: {
  builtIn: readonly Package[]
  published: string
}): Promise<Packages> {
  const digests = new Map<Package, Promise<string>>()
  const multiple = new Map<Package, Promise<boolean>>()
  let known = inOrder([...builtIn, ...(await packagesIn(published))])

  const find = (handler: string, version: string) => {
    const wanted = handler.toLowerCase()
    return known.find(one => handlerOf(one).toLowerCase() === wanted && one.version === version)
  }

  return {
    list: () => known,
    find,
    digest(found) {
      // A file is never changed, so it is read once.
      const digest = digests.get(found) ?? found.file().then(digestOf)
      digests.set(found, digest)
      digest.catch(() => digests.delete(found))
      return digest
    },
    supportsMultiple(found) {
      const known = multiple.get(found) ?? found.file().then(supportsMultiple)
      multiple.set(found, known)
      known.catch(() => multiple.delete(found))
      return known
    },
    async publish(name, content) {
      if (find(handlerOf(name), name.version)) return false
      const file = join(published, `${handlerOf(name)}__${name.version}.zip`)
      await mkdir(published, { recursive: true, mode: 0o700 })
      if (!(await createDurably(file, content, { mode: 0o600 }))) return false
      known = inOrder([...known, { ...name, file: async () => file }])
      return true
    },
  }
}

const inOrder = (packages: Package[]) => packages.sort((a, b) => compareVersions(a.version, b.version))

const namePattern = /^([A-Za-z0-9][\w.-]*)\.([\w-]+)__(\d+(?:\.\d+){1,3})\.zip$/

/** What a package is called after its file; undefined for what is no package. */
export function packageName(file: string): Omit<Package, 'file'> | undefined {
  const [, publisher, type, version] = namePattern.exec(file) ?? []
  return publisher === undefined || type === undefined || version === undefined
    ? undefined
    : { publisher, type, version }
}

/** The packages in a folder; none when there is no folder. */
export async function packagesIn(folder: string): Promise<Package[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    if (isErrno(error, 'ENOENT')) return []
    throw error
  })
  return names.flatMap(name => {
    const found = packageName(name)
    return found ? [{ ...found, file: async () => join(folder, name) }] : []
  })
}

async function digestOf(file: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file), hash)
  return hash.digest('hex')
}
