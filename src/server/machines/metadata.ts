import * as z from 'zod'
import type { InstanceFacts, Machine, ManagedIdentity } from '../../metadata/machine.ts'
import { parseResourceId } from '../../wire/resource-id.ts'
import { systemGrant } from '../access/grant.ts'
import type { Parts } from '../parts.ts'
import type { Resource } from '../store/resources.ts'
import { machineFactsOf, vmIdOf } from './facts.ts'
import { userAssignedNow } from './identities.ts'
import { sizeOf } from './sizes.ts'

type Known = Pick<Parts, 'store' | 'directory' | 'machines'>

const answerMetadata = systemGrant('answer what a machine asks about itself')

/**
 * Who asks at the metadata address, as the metadata service wants to know it. `of` is a vmId, which is what the network
 * knows, or the id of a machine or a user-assigned identity that somebody acts as. Undefined when there is none.
 */
export function metadataMachines(parts: Known): (of: string | undefined) => Promise<Machine | undefined> {
  const { store } = parts
  // Kept while nothing at all is written: an identity that is taken away is gone with the answer that says so.
  const cache = new Map<string, Machine>()
  let cachedAt = store.revision

  return async of => {
    if (of === undefined || of === '') return undefined
    const revision = store.revision
    if (revision !== cachedAt) cache.clear()
    cachedAt = revision
    const cached = cache.get(of)
    if (cached) return cached
    const machine = await look(parts, of)
    if (machine && store.revision === revision) cache.set(of, machine)
    return machine
  }
}

async function look(parts: Known, of: string): Promise<Machine | undefined> {
  const id = of.startsWith('/') ? parseResourceId(of) : parts.machines.resourceIdOf(of)
  const resource = id && (await parts.store.resources.get(answerMetadata, id))
  if (!resource) return undefined
  // A vmId is never used again, a name may be.
  if (!of.startsWith('/') && vmIdOf(resource) !== of) return undefined
  switch (resource.id.type.toLowerCase()) {
    case 'microsoft.compute/virtualmachines':
      return machineView(parts, resource)
    case 'microsoft.managedidentity/userassignedidentities':
      return identityView(parts, resource)
    default:
      return undefined
  }
}

async function machineView(parts: Known, vm: Resource): Promise<Machine> {
  const [system, userAssigned] = await Promise.all([
    parts.store.principals.get(answerMetadata, { resourceId: vm.id.text }),
    userAssignedNow(parts, vm.body.identity),
  ])
  return {
    id: vmIdOf(vm),
    resourceId: vm.id.text,
    tenantId: parts.directory.tenantId,
    identities: {
      systemAssigned: system?.clientId ? { clientId: system.clientId, principalId: system.objectId } : undefined,
      userAssigned: userAssigned.flatMap(([resourceId, { clientId, principalId }]): ManagedIdentity[] =>
        clientId && principalId ? [{ resourceId, clientId, principalId }] : [],
      ),
    },
    instance: await instanceFacts(parts, vm),
  }
}

/** Somebody who acts as an identity alone: it has no machine around it that there would be anything to say about. */
async function identityView({ store, directory }: Known, { id }: Resource): Promise<Machine | undefined> {
  const principal = await store.principals.get(answerMetadata, { resourceId: id.text })
  if (!principal?.clientId) return undefined
  const identity = { resourceId: id.text, clientId: principal.clientId, principalId: principal.objectId }
  return {
    id: principal.objectId,
    resourceId: id.text,
    tenantId: directory.tenantId,
    identities: { userAssigned: [identity] },
  }
}

const text = z.string().optional()
const shape = z.object({
  hardwareProfile: z.object({ vmSize: z.string() }),
  storageProfile: z.object({
    imageReference: z.object({ publisher: text, offer: text, sku: text, version: text, exactVersion: text }),
    osDisk: z.looseObject({ managedDisk: z.object({ id: text, storageAccountType: text }).optional() }),
  }),
  osProfile: z.object({
    adminUsername: text,
    computerName: text,
    linuxConfiguration: z.object({
      disablePasswordAuthentication: z.boolean().optional(),
      ssh: z.object({ publicKeys: z.array(z.object({ keyData: text, path: text })).optional() }).optional(),
    }),
  }),
  userData: text,
  licenseType: text,
  priority: text,
  evictionPolicy: text,
})

async function instanceFacts(parts: Known, vm: Resource): Promise<InstanceFacts> {
  const { location = '', tags = {}, zones, plan } = vm.body
  const { hardwareProfile, storageProfile, osProfile, ...rest } = shape.parse(vm.body.properties)
  const { imageReference, osDisk } = storageProfile
  const { linuxConfiguration, adminUsername, computerName } = osProfile
  return {
    compute: {
      ...rest,
      location,
      vmSize: hardwareProfile.vmSize,
      publisher: imageReference.publisher,
      offer: imageReference.offer,
      sku: imageReference.sku,
      version: imageReference.exactVersion,
      osProfile: {
        adminUsername,
        computerName,
        disablePasswordAuthentication: linuxConfiguration.disablePasswordAuthentication,
      },
      publicKeys: linuxConfiguration.ssh?.publicKeys ?? [],
      platformFaultDomain: 0,
      platformUpdateDomain: 0,
      plan: plan as InstanceFacts['compute']['plan'],
      securityProfile: { secureBootEnabled: false, virtualTpmEnabled: false },
      storageProfile: {
        imageReference,
        osDisk,
        dataDisks: [],
        resourceDisk: { size: sizeOf(hardwareProfile.vmSize)?.temporaryDiskMiB ?? 0 },
      },
      tagsList: Object.entries(tags).map(([name, value]) => ({ name, value })),
      zone: Array.isArray(zones) ? String(zones[0] ?? '') : undefined,
    },
    network: { interface: await networkInterfaces(parts, vm) },
  }
}

const attached = z.object({
  networkProfile: z.object({ networkInterfaces: z.array(z.object({ id: text })).optional() }).optional(),
})
const configured = z.object({
  ipConfigurations: z.array(z.object({ properties: z.object({ publicIPAddress: z.object({ id: text }).optional() }) })),
})

async function networkInterfaces({ store }: Known, vm: Resource) {
  const facts = machineFactsOf(vm)
  if (!facts) return []
  const [first] = attached.parse(vm.body.properties).networkProfile?.networkInterfaces ?? []
  const id = parseResourceId(first?.id ?? '')
  const nic = id && (await store.resources.get(answerMetadata, id))
  const { data } = configured.safeParse(nic?.body.properties)
  const isPublic = data?.ipConfigurations.some(({ properties }) => properties.publicIPAddress?.id) === true
  return [
    {
      ipv4: {
        // Seen from the host, which is the world here, a machine has one address.
        ipAddress: [{ privateIpAddress: facts.address, publicIpAddress: isPublic ? facts.address : '' }],
        subnet: [{ address: facts.subnet.split('/', 1)[0], prefix: facts.prefixLength }],
      },
      ipv6: { ipAddress: [] },
      macAddress: facts.macAddress.replaceAll(':', '').toUpperCase(),
    },
  ]
}
