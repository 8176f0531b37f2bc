import { isIPv4 } from 'node:net'
import * as z from 'zod'
import type { AccountRules } from '../../store/storage-accounts.ts'

const isAddressOrRange = (text: string) => {
  const [address = '', bits] = text.split('/')
  return isIPv4(address) && (bits === undefined || (/^\d{1,2}$/.test(bits) && Number(bits) <= 32))
}
const ipRule = z.looseObject({
  value: z.string().refine(isAddressOrRange, 'it is no IPv4 address and no range of them'),
})
const subnetId =
  /^\/subscriptions\/[^/]+\/resourceGroups\/[^/]+\/providers\/Microsoft\.Network\/virtualNetworks\/[^/]+\/subnets\/[^/]+$/i

export const networkAcls = z.looseObject({
  bypass: z.string().default('AzureServices'),
  virtualNetworkRules: z.array(z.looseObject({ id: z.string().regex(subnetId) })).default([]),
  ipRules: z.array(ipRule).max(400).default([]),
  defaultAction: z.enum(['Allow', 'Deny']).default('Allow'),
})

/** Switches of what is not there: on, they are refused, because nobody would notice that they do nothing. */
export const absent = <Name extends string>(...names: readonly Name[]) =>
  Object.fromEntries(names.map(name => [name, z.literal(false).nullish()])) as Record<
    Name,
    z.ZodOptional<z.ZodNullable<z.ZodLiteral<false>>>
  >

/** Unknown members survive the round trip; what the server says itself is left out of what is stored. */
export const accountProperties = z.looseObject({
  accessTier: z.enum(['Hot', 'Cool', 'Cold', 'Premium']).optional(),
  allowBlobPublicAccess: z.boolean().optional(),
  allowSharedKeyAccess: z.boolean().optional(),
  minimumTlsVersion: z.enum(['TLS1_0', 'TLS1_1', 'TLS1_2', 'TLS1_3']).optional(),
  supportsHttpsTrafficOnly: z.boolean().optional(),
  publicNetworkAccess: z.enum(['Enabled', 'Disabled', 'SecuredByPerimeter']).optional(),
  networkAcls: networkAcls.optional(),
  ...absent('isHnsEnabled', 'isSftpEnabled', 'isNfsV3Enabled', 'isLocalUserEnabled'),
  encryption: z
    .looseObject({
      keySource: z.literal('Microsoft.Storage').optional(),
      ...absent('requireInfrastructureEncryption'),
    })
    .optional(),
  immutableStorageWithVersioning: z.looseObject(absent('enabled')).optional(),
})
export type AccountProperties = z.infer<typeof accountProperties>

const ofTheServer = [
  'provisioningState',
  'creationTime',
  'primaryEndpoints',
  'secondaryEndpoints',
  'primaryLocation',
  'secondaryLocation',
  'statusOfPrimary',
  'statusOfSecondary',
  'keyCreationTime',
  'encryption',
  'privateEndpointConnections',
  'lastGeoFailoverTime',
  'geoReplicationStats',
]

export const wishedProperties = (properties: AccountProperties): AccountProperties =>
  Object.fromEntries(Object.entries(properties).filter(([name]) => !ofTheServer.includes(name)))

const twoRegions = ['Standard_GRS', 'Standard_RAGRS']
const zones = ['Standard_ZRS', 'Standard_GZRS', 'Standard_RAGZRS']

/** What accounts of each kind can be. FileStorage, which has no blobs, is not there. */
export const skusOf = {
  StorageV2: ['Standard_LRS', ...twoRegions, ...zones, 'Premium_LRS', 'Premium_ZRS'],
  Storage: ['Standard_LRS', ...twoRegions, 'Premium_LRS'],
  BlobStorage: ['Standard_LRS', ...twoRegions],
  BlockBlobStorage: ['Premium_LRS', 'Premium_ZRS'],
} as const

/** What accounts are made of besides their properties. */
export const accountEnvelope = z.looseObject({
  sku: z.looseObject({ name: z.string() }),
  kind: z.enum(Object.keys(skusOf) as (keyof typeof skusOf)[]).default('StorageV2'),
})

export const tierOf = (sku: string) => sku.split('_')[0] ?? ''

/** What the blob plane goes by. Today's service lets nobody in without a sign-in unless it is told to. */
export function rulesOf(properties: AccountProperties, sku: string, kind: string): AccountRules {
  const acls = properties.networkAcls
  return {
    sharedKey: properties.allowSharedKeyAccess !== false,
    publicAccess: properties.allowBlobPublicAccess === true,
    network: {
      allowByDefault: acls?.defaultAction !== 'Deny' && properties.publicNetworkAccess !== 'Disabled',
      ranges: properties.publicNetworkAccess === 'Disabled' ? [] : (acls?.ipRules ?? []).map(rule => rule.value),
    },
    sku,
    kind,
    accessTier: properties.accessTier ?? 'Hot',
  }
}
