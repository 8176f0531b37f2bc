import { createHash } from 'node:crypto'
import type { GoalState, WantedExtension } from '../../../../wire/goal-state.ts'
import { systemGrant } from '../../../access/grant.ts'
import { storedMachineOf, vmIdOf } from '../../../machines/facts.ts'
import type { Parts } from '../../../parts.ts'
import type { Resource } from '../../../store/resources.ts'
import {
  extensionProperties,
  extensionType,
  handlerName,
  sealingContext,
  storedExtensionOf,
} from './stored-extension.ts'

const readExtensions = systemGrant('tell a machine which extensions it is to have')

/** More than Azure allows for a machine. */
const mostExtensions = 1_000

/** A goal state before its secrets are encrypted, which is different each time. */
export type Goal = {
  /** Changes with whatever an agent would have to act upon. */
  readonly etag: string
  /** `certificate` is the machine's, in PEM. Undefined when there are secrets and nobody to encrypt them for. */
  render(certificate: string | undefined): Promise<GoalState | undefined>
}

/** The extensions of a machine, whatever state they are in. */
export const extensionsOf = ({ store }: Pick<Parts, 'store'>, vm: Pick<Resource, 'id'>): Promise<Resource[]> =>
  store.resources.list(readExtensions, { in: vm.id.text, type: extensionType }, { limit: mostExtensions })

/** What a machine is to be now. */
export async function goalOf(parts: Pick<Parts, 'store' | 'agents' | 'packages'>, vm: Resource): Promise<Goal> {
  const all = await extensionsOf(parts, vm)
  const wanted = inOrder(all.filter(({ body }) => body.properties.provisioningState !== 'Deleting'))
  const commands = parts.agents.commands(vmIdOf(vm))
  const changedSecrets = parts.agents.changedSecrets(vmIdOf(vm))
  const essence = wanted.map(resource => {
    const { publisher, type, settings, provisionAfterExtensions } = extensionProperties(resource)
    const { reported: _reported, ...stored } = storedExtensionOf(resource)
    return [resource.id.name, publisher, type, settings, provisionAfterExtensions, stored]
  })
  const etag = createHash('sha256')
    .update(JSON.stringify([essence, commands, changedSecrets]))
    .digest('hex')
    .slice(0, 32)
  return {
    etag: `"${etag}"`,
    async render(certificate) {
      const hasSecrets = wanted.some(resource => storedExtensionOf(resource).protectedSettings !== undefined)
      if (hasSecrets && certificate === undefined) return undefined
      const thumbprint = certificate === undefined ? null : thumbprintOf(certificate)
      // Loading the libraries of ASN.1 takes longer than the rest.
      const encrypt = hasSecrets ? (await import('../../../certificates/enveloped-data.ts')).envelopedData : undefined
      const names = new Set(wanted.map(({ id }) => id.name))
      const extensions = await Promise.all(
        wanted.map(async (resource): Promise<WantedExtension> => {
          const { settings, provisionAfterExtensions = [], ...type } = extensionProperties(resource)
          const { version, incarnation, sequenceNumber, protectedSettings } = storedExtensionOf(resource)
          const sealed = protectedSettings === undefined ? undefined : Buffer.from(protectedSettings, 'base64')
          const plain = sealed && parts.store.sealing.open(sealingContext(resource.id), sealed).toString('utf8')
          const found = parts.packages.find(handlerName(type), version)
          return {
            name: resource.id.name,
            handler: handlerName(type),
            configName: found && (await parts.packages.supportsMultiple(found)) ? resource.id.name : null,
            version,
            incarnation,
            sequenceNumber,
            publicSettings: settings ?? null,
            protectedSettings: plain && encrypt && certificate ? encrypt(plain, certificate).toString('base64') : null,
            protectedSettingsCertThumbprint: plain ? thumbprint : null,
            // A package that is gone has no digest; the agent then says that it cannot be had.
            packageDigest: found ? await parts.packages.digest(found) : '0'.repeat(64),
            dependsOn: provisionAfterExtensions.filter(name => names.has(name)),
          }
        }),
      )
      return { extensions, commands, changedSecrets }
    },
  }
}

const thumbprintOf = (pem: string) =>
  createHash('sha1')
    .update(Buffer.from(pem.replace(/-----[A-Z ]+-----|\s/g, ''), 'base64'))
    .digest('hex')
    .toUpperCase()

/** Those that others depend on first, else in the order in which they were made. */
function inOrder(extensions: readonly Resource[]): Resource[] {
  const byName = new Map(extensions.map(resource => [resource.id.name, resource]))
  const ordered = new Set<Resource>()
  const add = (resource: Resource, above: readonly Resource[]) => {
    if (above.includes(resource)) return
    for (const name of extensionProperties(resource).provisionAfterExtensions ?? []) {
      const before = byName.get(name)
      if (before) add(before, [...above, resource])
    }
    ordered.add(resource)
  }
  for (const resource of extensions.toSorted((a, b) => a.createdAt - b.createdAt)) add(resource, [])
  return [...ordered]
}

/** The certificate that the agent of a machine has shown. */
export const certificateOf = (vm: Resource) => storedMachineOf(vm).certificate
