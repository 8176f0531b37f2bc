import { randomUUID } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { resourceId } from '../../../../wire/resource-id.ts'
import { systemGrant } from '../../../access/grant.ts'
import { type Change, defineResource } from '../../../arm/resource-type.ts'
import type { Package } from '../../../extensions/packages.ts'
import { chooseVersion } from '../../../extensions/versions.ts'
import type { ResourceBody } from '../../../store/resources.ts'
import { mergePatch } from '../../merge-patch.ts'
import { computeVersions } from '../api-versions.ts'
import * as refusals from '../refusals.ts'
import { extensionView } from './extension-view.ts'
import {
  type ExtensionProperties,
  extensionProperties,
  extensionType,
  handlerName,
  outcomeOf,
  properties,
  type StoredExtension,
  sealingContext,
  storedExtensionOf,
  unknownMemberOf,
} from './stored-extension.ts'
import { applied, removed } from './wait-for-agent.ts'

const seeMachine = systemGrant('see the machine that an extension is for, and its other extensions')

const shareVersion = systemGrant('bring all extensions of a handler to its version')

const mostExtensions = 1_000

/** Programs that a machine's agent fetches and runs. The agent applies them; here only the wish is recorded. */
export const extensions = defineResource<ExtensionProperties>({
  type: extensionType,
  apiVersions: computeVersions,
  location: 'none',
  name: {
    pattern: /^[a-z\d_](?:[a-z\d._-]{0,78}[a-z\d_])?$/i,
    rule: 'The name must have 1 to 80 letters, digits, periods, hyphens and underscores.',
  },
  properties,

  async put(change) {
    const { cx, id, existing, body } = change
    if (cx.machines.kind === 'none') {
      throw refusals.realMachineNeeded('put an extension', resourceId(id.container).name, cx.machines.missing)
    }
    refuseUnknownMember(body.properties)
    // What is there of a deleted or changed secret stays only with a PATCH, whose body is made from what is stored.
    const isPatch = existing !== undefined && body.extension === existing.body.extension
    const wish = body.properties
    const found = resolvePackage(change)
    const { version } = found
    await checkSiblings(change, { version, supportsMultiple: await cx.packages.supportsMultiple(found) })
    const stored = nextStored(change, { version, isPatch })
    const vm = await change.tx.resources.get(seeMachine, resourceId(id.container))
    const { protectedSettings: _secret, instanceView: _view, provisioningState: _state, ...shown } = wish
    const { extension: _extension, ...envelope } = body
    return {
      body: {
        location: vm?.body.location ?? '',
        ...envelope,
        properties: {
          ...shown,
          autoUpgradeMinorVersion: wish.autoUpgradeMinorVersion ?? false,
          provisioningState: existing ? 'Updating' : 'Creating',
        },
        extension: stored,
      },
      work: {},
    }
  },

  patch: ({ body }, patch) =>
    ({ ...body, properties: mergePatch(body.properties, { ...(patch.properties as object) }) }) as ResourceBody,

  async remove({ tx, existing }) {
    const vm = await tx.resources.get(seeMachine, resourceId(existing.id.container))
    // A machine that is gone with all that was in it has nothing to be removed from.
    return vm && vm.body.properties.provisioningState !== 'Deleting' ? { work: {} } : {}
  },

  work: { write: applied, delete: removed },

  render({ resource, expand }) {
    const { extension: _extension, properties, ...rest } = resource.body
    const view = expand.includes('instanceview') ? { instanceView: extensionView(resource) } : {}
    return { ...rest, properties: { ...properties, ...view } }
  },
})

function refuseUnknownMember(sent: object): void {
  const name = unknownMemberOf(sent)
  if (name === undefined) return
  const isSetting = /^[a-z]+Settings$/.test(name)
  throw refusals.unknownExtensionMember(name, isSetting ? ` Put '${name}' into 'properties.settings'.` : '')
}

/**
 * One resource for each handler, as on Azure, unless the package can do with several, which are then all of its version;
 * and nobody waits for each other in a circle.
 */
async function checkSiblings(
  { tx, id, body }: Change<ExtensionProperties>,
  { version, supportsMultiple }: { version: string; supportsMultiple: boolean },
): Promise<void> {
  const handler = handlerName(body.properties)
  const all = await tx.resources.list(seeMachine, { in: id.container, type: extensionType }, { limit: mostExtensions })
  const siblings = all.filter(other => other.id.key !== id.key)
  const ofHandler = siblings.filter(
    other => handlerName(extensionProperties(other)).toLowerCase() === handler.toLowerCase(),
  )
  if (ofHandler.length > 0 && !supportsMultiple) throw refusals.multipleExtensionsPerHandler(id.name, handler)
  for (const { id, body } of ofHandler) {
    const { reported: _reported, ...stored } = storedExtensionOf({ body })
    if (stored.version !== version)
      await tx.resources.put(shareVersion, id, { ...body, extension: { ...stored, version } })
  }
  const after = new Map(
    siblings.map(other => [other.id.name, extensionProperties(other).provisionAfterExtensions ?? []]),
  )
  after.set(id.name, body.properties.provisionAfterExtensions ?? [])
  const leadsBack = (name: string, seen: readonly string[]): boolean =>
    seen.includes(name) || (after.get(name) ?? []).some(next => leadsBack(next, [...seen, name]))
  if (leadsBack(id.name, [])) throw refusals.circularDependency(id.name)
}

function resolvePackage({ cx, existing, body }: Change<ExtensionProperties>): Package {
  const { publisher, type, typeHandlerVersion, autoUpgradeMinorVersion = false } = body.properties
  if (existing) {
    const before = extensionProperties(existing)
    for (const name of ['publisher', 'type'] as const) {
      if (before[name].toLowerCase() !== body.properties[name].toLowerCase())
        throw refusals.propertyChangeNotAllowed(name)
    }
  }
  const ofHandler = cx.packages
    .list()
    .filter(one => handlerName(one).toLowerCase() === handlerName(body.properties).toLowerCase())
  if (ofHandler.length === 0) throw refusals.extensionNotFound(publisher, type)
  const versions = ofHandler.map(({ version }) => version)
  const version = chooseVersion(versions, typeHandlerVersion, { minorUpgrade: autoUpgradeMinorVersion })
  const found = ofHandler.find(one => one.version === version)
  if (!found) throw refusals.extensionVersionNotFound(publisher, type, typeHandlerVersion)
  return found
}

/**
 * Settings that have changed are applied again, and so are those that failed, and secrets, of which nobody can say
 * whether they have changed. `forceUpdateTag` is there to have the same settings applied once more.
 */
function nextStored(
  { cx, id, existing, body }: Change<ExtensionProperties>,
  { version, isPatch }: { version: string; isPatch: boolean },
): StoredExtension {
  const { protectedSettings: secret, settings, forceUpdateTag } = body.properties
  const before = existing && storedExtensionOf(existing)
  const sealed =
    secret === undefined
      ? isPatch
        ? before?.protectedSettings
        : undefined
      : Buffer.from(cx.store.sealing.seal(sealingContext(id), JSON.stringify(secret))).toString('base64')
  const kept = sealed === undefined ? {} : { protectedSettings: sealed }
  if (!before || !existing) return { version, incarnation: randomUUID(), sequenceNumber: 0, ...kept }

  const old = extensionProperties(existing)
  const isNew =
    secret !== undefined ||
    sealed !== before.protectedSettings ||
    !isDeepStrictEqual(settings ?? {}, old.settings ?? {}) ||
    forceUpdateTag !== old.forceUpdateTag ||
    outcomeOf(before).state === 'failed'
  const sequenceNumber = before.sequenceNumber + (isNew ? 1 : 0)
  const isSame = !isNew && before.version === version
  return {
    version,
    incarnation: before.incarnation,
    sequenceNumber,
    ...kept,
    ...(isSame && before.reported ? { reported: before.reported } : {}),
  }
}
