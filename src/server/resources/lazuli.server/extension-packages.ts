import { BadZip, type ReadAt, readZipDirectory } from '../../../wire/zip.ts'
import { conflict, invalidParameter } from '../../arm/errors.ts'
import { readBytes } from '../../door/body.ts'
import { operation } from '../../door/operation.ts'
import { handlerOf, packageName } from '../../extensions/packages.ts'

const limitBytes = 256 * 1024 * 1024

/** Makes an operator's own extension available to all machines. The body is the package. */
export const publishExtensionPackage = operation({
  name: 'Lazuli.Server/extensionPackages/write',
  route: 'PUT /providers/Lazuli.Server/extensionPackages/:file',
  access: { verb: 'write', action: 'Lazuli.Server/extensionPackages/write', on: () => '/' },
  async run(cx) {
    const name = packageName(cx.params.file ?? '')
    if (!name) {
      throw invalidParameter(
        'file',
        'A package is called <Publisher>.<Type>__<version>.zip; a version has two to four numbers.',
      )
    }
    const content = await readBytes(cx.request, limitBytes)
    await checkPackage(content)
    if (!(await cx.packages.publish(name, content))) {
      throw conflict(
        'PackageExists',
        `${handlerOf(name)} ${name.version} is published already. Raise the version to publish another one.`,
      )
    }
    return Response.json(name, { status: 201 })
  },
})

async function checkPackage(content: Uint8Array): Promise<void> {
  const read: ReadAt = async (at, length) => content.subarray(at, at + length)
  const members = await readZipDirectory(read, content.length).catch((error: unknown) => {
    if (error instanceof BadZip)
      throw invalidParameter('package', `The package is no zip archive that can be used: ${error.message}.`)
    throw error
  })
  if (!members.some(({ path }) => path === 'HandlerManifest.json')) {
    throw invalidParameter('package', 'The package has no HandlerManifest.json.')
  }
}
