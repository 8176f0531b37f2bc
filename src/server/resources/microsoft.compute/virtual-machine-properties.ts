import { createHash, randomUUID } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import * as z from 'zod'
import type { ResourceId } from '../../../wire/resource-id.ts'
import { defaultSize, sizeOf, sizes } from '../../machines/sizes.ts'
import { exactVersion, findPlatformImage } from './images.ts'
import { checkOsProfile, isShortBase64, type OsProfile, osProfile } from './os-profile.ts'
import * as refusals from './refusals.ts'

const imageReference = z.looseObject({
  id: z.string().optional(),
  publisher: z.string().optional(),
  offer: z.string().optional(),
  sku: z.string().optional(),
  version: z.string().optional(),
  communityGalleryImageId: z.string().optional(),
  sharedGalleryImageId: z.string().optional(),
})

const osDisk = z.looseObject({
  name: z.string().optional(),
  osType: z.string().optional(),
  createOption: z.string().optional(),
  managedDisk: z.looseObject({ id: z.string().optional(), storageAccountType: z.string().optional() }).optional(),
})

export const properties = z.looseObject({
  hardwareProfile: z.looseObject({ vmSize: z.string().optional() }).optional(),
  storageProfile: z
    .looseObject({
      imageReference: imageReference.optional(),
      osDisk: osDisk.optional(),
      dataDisks: z.array(z.looseObject({})).optional(),
    })
    .optional(),
  osProfile: osProfile.optional(),
  networkProfile: z
    .looseObject({ networkInterfaces: z.array(z.looseObject({ id: z.string().optional() })).optional() })
    .optional(),
  userData: z.string().optional(),
})
export type MachineProperties = z.infer<typeof properties>

type ImageReference = z.infer<typeof imageReference>

/** What Azure decides, whatever the caller sends. `resources` are the machine's extensions. */
const decidedHere = ['vmId', 'timeCreated', 'provisioningState', 'instanceView', 'resources'] as const

type Where = { readonly id: ResourceId; readonly location: string }

/** A machine that did not exist: what to store of it, without its secrets. Throws 400 or 404. */
export function newMachine(wish: MachineProperties, { id, location }: Where, nowMs: number) {
  const { storageProfile, osProfile: profile } = wish
  const { reference, image } = findImage(storageProfile?.imageReference, storageProfile?.osDisk, location)
  checkSize(wish)
  checkDisks(wish)
  checkUserData(wish)
  if (!profile) throw refusals.missingParameter('osProfile')
  checkOsProfile(profile, id.name)
  const stored = {
    ...without(wish, decidedHere),
    vmId: randomUUID(),
    hardwareProfile: { ...wish.hardwareProfile, vmSize: wish.hardwareProfile?.vmSize ?? defaultSize },
    provisioningState: 'Creating',
    storageProfile: {
      ...storageProfile,
      imageReference: reference,
      osDisk: newOsDisk(storageProfile?.osDisk, id),
      dataDisks: [],
    },
    osProfile: newOsProfile(profile, id.name),
    // Azure has no machine without a network interface, and its clients go through this list without asking.
    networkProfile: { networkInterfaces: [], ...wish.networkProfile },
    timeCreated: new Date(nowMs).toISOString(),
  }
  return { properties: stored, image, customDataDigest: digestOf(profile) }
}

/** A machine that exists: what may not change is compared with what is stored. Throws 400 or 409. */
export function changedMachine(
  existing: Readonly<Record<string, unknown>>,
  wish: MachineProperties,
  customDataDigest: string | undefined,
): Record<string, unknown> {
  const before = properties.parse(existing)
  for (const [name, read] of fixed) {
    const wanted = read(wish)
    if (wanted !== undefined && !isDeepStrictEqual(wanted, read(before))) {
      throw refusals.propertyChangeNotAllowed(name)
    }
  }
  const digest = wish.osProfile && digestOf(wish.osProfile)
  if (digest !== undefined && digest !== customDataDigest) throw refusals.propertyChangeNotAllowed('customData')
  checkSize(wish)
  checkDisks(wish)
  checkUserData(wish)
  const { userData = before.userData } = wish
  return {
    ...without(wish, decidedHere),
    hardwareProfile: { ...before.hardwareProfile, ...wish.hardwareProfile },
    storageProfile: before.storageProfile,
    osProfile: { ...without(wish.osProfile ?? {}, secrets), ...before.osProfile },
    networkProfile: { ...before.networkProfile, ...wish.networkProfile },
    // Never shown unless asked for, so whoever writes back what he has read leaves it out.
    ...(userData ? { userData } : {}),
    ...Object.fromEntries(decidedHere.flatMap(name => (name in existing ? [[name, existing[name]]] : []))),
  }
}

const secrets = ['adminPassword', 'customData'] as const

/** What a machine keeps for life, under the names that Azure's refusals give it. */
const fixed: [name: string, read: (machine: MachineProperties) => unknown][] = [
  ['osProfile.computerName', machine => machine.osProfile?.computerName],
  ['osProfile.adminUsername', machine => machine.osProfile?.adminUsername],
  [
    'linuxConfiguration.disablePasswordAuthentication',
    machine => machine.osProfile?.linuxConfiguration?.disablePasswordAuthentication,
  ],
  [
    'linuxConfiguration.ssh.publicKeys',
    machine => machine.osProfile?.linuxConfiguration?.ssh?.publicKeys?.map(({ keyData }) => keyData?.trim()),
  ],
  ['imageReference', machine => imageNames(machine.storageProfile?.imageReference)],
  ['osDisk.name', machine => machine.storageProfile?.osDisk?.name?.toLowerCase()],
  ['osDisk.createOption', machine => machine.storageProfile?.osDisk?.createOption?.toLowerCase()],
]

const imageNames = (reference: ImageReference | undefined) =>
  reference &&
  [reference.id, reference.publisher, reference.offer, reference.sku, reference.version].map(part =>
    part?.toLowerCase(),
  )

function findImage(reference: ImageReference | undefined, disk: z.infer<typeof osDisk> | undefined, location: string) {
  if (!reference) {
    if (disk?.managedDisk?.id) throw refusals.diskNotFound(disk.managedDisk.id)
    throw refusals.missingParameter('imageReference')
  }
  const custom = reference.id ?? reference.communityGalleryImageId ?? reference.sharedGalleryImageId
  if (custom) throw refusals.imageNotFound(custom, location)
  for (const name of ['publisher', 'offer', 'sku', 'version'] as const) {
    if (!reference[name]) throw refusals.missingParameter(`imageReference.${name}`)
  }
  const { publisher = '', offer = '', sku = '', version = '' } = reference
  const found = findPlatformImage({ publisher, offer, sku })
  const exact = found && exactVersion(found, version)
  if (!exact) throw refusals.platformImageNotFound([publisher, offer, sku, version].join(':'))
  return { reference: { ...reference, exactVersion: exact }, image: found.image }
}

function checkSize({ hardwareProfile }: MachineProperties): void {
  const { vmSize } = hardwareProfile ?? {}
  if (vmSize === undefined || sizeOf(vmSize)) return
  throw refusals.invalidParameter(
    'vmSize',
    `The value ${vmSize} provided for the VM size is not valid. The valid sizes in the current region are: ${sizes.map(({ name }) => name).join(',')}. Find out more on the available VM sizes in each region at https://aka.ms/azure-regions.`,
  )
}

/** A machine here has one disk. */
function checkDisks({ storageProfile }: MachineProperties): void {
  if ((storageProfile?.dataDisks ?? []).length > 0) {
    throw refusals.operationNotAllowed(
      'The maximum number of data disks allowed to be attached to a VM of this size is 0.',
    )
  }
}

function checkUserData({ userData }: MachineProperties): void {
  if (userData !== undefined && !isShortBase64(userData)) throw refusals.invalidParameter('userData')
}

function newOsDisk(wish: z.infer<typeof osDisk> = {}, { name, container }: ResourceId) {
  if (wish.osType !== undefined && wish.osType.toLowerCase() !== 'linux') {
    throw refusals.invalidParameter('osDisk.osType')
  }
  if ((wish.createOption ?? 'fromimage').toLowerCase() !== 'fromimage') {
    throw refusals.invalidParameter('osDisk.createOption')
  }
  const diskName = wish.name ?? `${name}_OsDisk_1_${randomUUID().replaceAll('-', '')}`
  return {
    caching: 'ReadWrite',
    diskSizeGB: 30,
    deleteOption: 'Detach',
    ...wish,
    osType: 'Linux',
    name: diskName,
    createOption: 'FromImage',
    managedDisk: {
      storageAccountType: 'Premium_LRS',
      ...wish.managedDisk,
      id: `${container}/providers/Microsoft.Compute/disks/${diskName}`,
    },
  }
}

function newOsProfile(profile: OsProfile, machineName: string) {
  const { disablePasswordAuthentication = false, ssh, ...linux } = profile.linuxConfiguration ?? {}
  const path = `/home/${profile.adminUsername}/.ssh/authorized_keys`
  const publicKeys = ssh?.publicKeys?.map(key => ({ path, ...key }))
  return {
    secrets: [],
    allowExtensionOperations: true,
    ...without(profile, secrets),
    computerName: profile.computerName ?? machineName,
    linuxConfiguration: {
      provisionVMAgent: true,
      ...linux,
      disablePasswordAuthentication,
      ...(publicKeys ? { ssh: { ...ssh, publicKeys } } : {}),
    },
    requireGuestProvisionSignal: true,
  }
}

const digestOf = ({ customData }: OsProfile) =>
  customData === undefined ? undefined : createHash('sha256').update(customData).digest('hex')

const without = (from: object, names: readonly string[]) =>
  Object.fromEntries(Object.entries(from).filter(([name]) => !names.includes(name)))
