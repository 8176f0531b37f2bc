import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fromCheckout, isCheckout, madeOfSources } from '../checkout.ts'
import { handlerOf, type Package, packagesIn } from './packages.ts'
import { filesBelow, zip } from './write-zip.ts'

/** What comes with Lazuli, by the folder of its sources. Machines take a higher version for a newer one. */
export const builtIn: Readonly<Record<string, Omit<Package, 'file'>>> = {
  'vm-access': { publisher: 'Microsoft.OSTCExtensions', type: 'VMAccessForLinux', version: '1.5.26' },
  'managed-identity': {
    publisher: 'Microsoft.ManagedIdentity',
    type: 'ManagedIdentityExtensionForLinux',
    version: '1.0.0',
  },
  'key-vault': { publisher: 'Microsoft.Azure.KeyVault', type: 'KeyVaultForLinux', version: '3.0.1' },
}

export const archiveName = (name: Omit<Package, 'file'>) => `${handlerOf(name)}__${name.version}.zip`

/**
 * The packages that come with Lazuli. The published one has them as archives beside its own program; in a checkout they
 * are made of the sources when a machine wants one.
 */
export async function builtInPackages(): Promise<Package[]> {
  if (!isCheckout) return packagesIn(fileURLToPath(new URL('extensions', import.meta.url)))
  return Object.entries(builtIn).map(([folder, name]) => {
    let made: Promise<string> | undefined
    return {
      ...name,
      file: () => {
        made ??= makeArchive(folder, name)
        return made
      },
    }
  })
}

const sources = ['src/extensions', 'src/certificate-bundle', 'src/metadata', 'src/wire']

const makeArchive = (source: string, name: Omit<Package, 'file'>): Promise<string> =>
  madeOfSources(`extensions/${archiveName(name)}`, sources, async draft => {
    const { packageExtension } =
      await fromCheckout<typeof import('../../../package-extensions.ts')>('package-extensions.ts')
    await packageExtension(source, join(draft, 'folder'))
    const archive = join(draft, 'archive.zip')
    await writeFile(archive, zip(filesBelow(join(draft, 'folder'))))
    return archive
  })
