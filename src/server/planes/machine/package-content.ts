import { openAsBlob } from 'node:fs'
import { operation } from '../../door/operation.ts'
import { AzureError } from '../../errors.ts'
import { extensionsOf } from '../../resources/microsoft.compute/extensions/goal-state.ts'
import {
  extensionProperties,
  handlerName,
  storedExtensionOf,
} from '../../resources/microsoft.compute/extensions/stored-extension.ts'
import { ownMachine } from './own-machine.ts'

/** A package, for a machine that is to have it. */
export const packageContent = operation<'write'>({
  name: 'Lazuli.Machine/packages/read',
  route: 'GET /packages/:handler/:version',
  access: { ownMachine: 'a machine may fetch what it is to run' },
  changes: false,
  async run(cx) {
    const { handler = '', version = '' } = cx.params
    const { vm } = await ownMachine(cx)
    const isWanted = (await extensionsOf(cx, vm)).some(
      resource =>
        handlerName(extensionProperties(resource)).toLowerCase() === handler.toLowerCase() &&
        storedExtensionOf(resource).version === version,
    )
    const found = isWanted ? cx.packages.find(handler, version) : undefined
    if (!found) throw new AzureError(404, 'NotFound', `There is no package ${handler} ${version} for this machine.`)
    return new Response(await openAsBlob(await found.file()), { headers: { 'content-type': 'application/zip' } })
  },
})
