import { defineResource, type View } from '../../arm/resource-type.ts'
import { type StoredMachine, storedMachineOf, vmIdOf } from '../../machines/facts.ts'
import type { ResourceBody } from '../../store/resources.ts'
import { mergePatch } from '../merge-patch.ts'
import { computeVersions } from './api-versions.ts'
import { extensionResources } from './extensions/in-machine.ts'
import { assignIdentities, removeSystemIdentity, renderIdentity } from './identity.ts'
import { identitiesToAssign, mergedIdentity } from './identity-wish.ts'
import { instanceView } from './instance-view.ts'
import { changeInterfaces, giveUpInterfaces, interfacesToJoin } from './interfaces.ts'
import { type Creation, makeMachine } from './make-machine.ts'
import { powerActions, powerWork } from './power.ts'
import { runCommandAction, runCommandWork } from './run-commands/invoke.ts'
import { changedMachine, type MachineProperties, newMachine, properties } from './virtual-machine-properties.ts'

export const virtualMachines = defineResource<MachineProperties>({
  type: 'Microsoft.Compute/virtualMachines',
  apiVersions: computeVersions,
  location: 'required',
  name: {
    pattern: /^[a-z\d](?:[a-z\d._-]{0,78}[a-z\d_])?$/i,
    rule: 'The name must have 1 to 80 letters, digits, periods, hyphens and underscores, begin with a letter or digit, and not end with a period or hyphen.',
  },
  properties,
  linked: (body, existing) => [...identitiesToAssign(body, existing), ...interfacesToJoin(body, existing)],

  async put(change) {
    const { cx, id, existing, body } = change
    const { location = '' } = body
    const identity = await assignIdentities(change, body.identity)
    const stored = { ...envelope(body), ...(identity ? { identity } : {}) }
    if (existing) {
      const machine = storedMachineOf(existing)
      const changed = changedMachine(existing.body.properties, body.properties, machine.customDataDigest)
      const isMoved = await changeInterfaces(change, changed)
      return { body: { ...stored, properties: changed, machine }, ...(isMoved ? { work: {} } : {}) }
    }
    const { properties, image, customDataDigest } = newMachine(body.properties, { id, location }, cx.now)
    await changeInterfaces(change, properties)
    const machine: StoredMachine = { power: 'running', image, ...(customDataDigest ? { customDataDigest } : {}) }
    const { adminPassword } = body.properties.osProfile ?? {}
    const work: Creation = adminPassword === undefined ? {} : { adminPassword }
    return { body: { ...stored, properties, machine }, work }
  },

  patch({ body }, { identity: asked, properties, zones, plan }) {
    const identity = mergedIdentity(body.identity, asked)
    // A null would take all of the properties away, which no machine can be without.
    const merged = mergePatch(body, { properties: properties ?? undefined, zones, plan })
    return { ...merged, ...(identity ? { identity } : {}) } as ResourceBody
  },

  async remove(change) {
    await removeSystemIdentity(change)
    await change.tx.observedCertificates.remove(change.cx.grant, vmIdOf(change.existing))
    return { work: {} }
  },

  actions: { ...powerActions, runCommand: runCommandAction },

  work: {
    write: makeMachine,
    async delete(job) {
      const { resource, machines } = job
      if (!resource) return
      await machines.remove(vmIdOf(resource))
      await giveUpInterfaces(job, resource)
    },
    ...powerWork,
    runCommand: runCommandWork,
  },

  async render(view) {
    const { parts, resource, apiVersion } = view
    const { machine: _machine, identity: _identity, properties, ...rest } = resource.body
    const { userData, ...shown } = properties
    const identity = await renderIdentity(parts, resource, apiVersion)
    const resources = await extensionResources(parts, resource)
    return {
      ...rest,
      ...(identity ? { identity } : {}),
      ...(resources.length > 0 ? { resources } : {}),
      properties: {
        ...shown,
        ...(view.expand.includes('userdata') && userData !== undefined ? { userData } : {}),
        ...(wantsInstanceView(view) ? { instanceView: await instanceView(parts, resource) } : {}),
      },
    }
  },
})

/** What ARM keeps around properties, without what is decided here. */
const envelope = ({ machine: _machine, identity: _identity, resources: _resources, ...rest }: ResourceBody) => rest

/** A list takes `statusOnly=true` where a single machine takes `$expand=instanceView`. */
const wantsInstanceView = ({ expand, url }: View) =>
  expand.includes('instanceview') || url.searchParams.get('statusOnly')?.toLowerCase() === 'true'
