/**
 * The instance document, with the api-version in which each value appeared in place of the value. A one-element
 * array describes each element of a list. The order is the order of the answer. From the tables in Microsoft's
 * article "Azure Instance Metadata Service"; parts without a version of their own have their parent's.
 */

const disk = {
  caching: '2019-06-01',
  createOption: '2019-06-01',
  diskSizeGB: '2019-06-01',
  image: { uri: '2019-06-01' },
  managedDisk: { id: '2019-06-01', storageAccountType: '2019-06-01' },
  name: '2019-06-01',
  vhd: { uri: '2019-06-01' },
  writeAcceleratorEnabled: '2019-06-01',
} as const

const storageProfile = {
  dataDisks: [
    {
      ...disk,
      bytesPerSecondThrottle: '2021-05-01',
      diskCapacityBytes: '2021-05-01',
      isSharedDisk: '2021-05-01',
      isUltraDisk: '2021-05-01',
      lun: '2019-06-01',
      opsPerSecondThrottle: '2021-05-01',
    },
  ],
  imageReference: {
    communityGalleryImageId: '2023-07-01',
    exactVersion: '2023-07-01',
    id: '2019-06-01',
    offer: '2019-06-01',
    publisher: '2019-06-01',
    sharedGalleryImageId: '2023-07-01',
    sku: '2019-06-01',
    version: '2019-06-01',
  },
  osDisk: {
    ...disk,
    diffDiskSettings: { option: '2019-06-01' },
    encryptionSettings: {
      diskEncryptionKey: { secretUrl: '2021-11-01', sourceVault: { id: '2021-11-01' } },
      enabled: '2019-06-01',
      keyEncryptionKey: { keyUrl: '2021-11-01', sourceVault: { id: '2021-11-01' } },
    },
    osType: '2019-06-01',
  },
  resourceDisk: { size: '2021-02-01' },
} as const

export const instanceFields = {
  compute: {
    additionalCapabilities: { hibernationEnabled: '2021-11-01' },
    azEnvironment: '2018-10-01',
    customData: '2019-02-01',
    evictionPolicy: '2020-12-01',
    extendedLocation: { name: '2021-03-01', type: '2021-03-01' },
    host: { id: '2021-11-15' },
    hostGroup: { id: '2021-11-15' },
    isHostCompatibilityLayerVm: '2020-06-01',
    licenseType: '2020-09-01',
    location: '2017-04-02',
    name: '2017-04-02',
    offer: '2017-04-02',
    osProfile: {
      adminUsername: '2020-07-15',
      computerName: '2020-07-15',
      disablePasswordAuthentication: '2020-10-01',
    },
    osType: '2017-04-02',
    physicalZone: '2023-11-15',
    placementGroupId: '2017-08-01',
    plan: { name: '2018-04-02', product: '2018-04-02', publisher: '2018-04-02' },
    platformFaultDomain: '2017-04-02',
    platformSubFaultDomain: '2021-10-01',
    platformUpdateDomain: '2017-04-02',
    priority: '2020-12-01',
    provider: '2018-10-01',
    publicKeys: [{ keyData: '2018-04-02', path: '2018-04-02' }],
    publisher: '2017-04-02',
    resourceGroupName: '2017-08-01',
    resourceId: '2019-03-11',
    securityProfile: {
      encryptionAtHost: '2021-11-01',
      secureBootEnabled: '2020-06-01',
      securityType: '2021-12-13',
      virtualTpmEnabled: '2020-06-01',
    },
    sku: '2017-04-02',
    storageProfile,
    subscriptionId: '2017-08-01',
    tags: '2017-08-01',
    tagsList: [{ name: '2019-06-04', value: '2019-06-04' }],
    userData: '2021-01-01',
    version: '2017-04-02',
    virtualMachineScaleSet: { id: '2021-03-01' },
    vmId: '2017-04-02',
    vmScaleSetName: '2017-12-01',
    vmSize: '2017-04-02',
    zone: '2017-12-01',
  },
  network: {
    interface: [
      {
        ipv4: {
          ipAddress: [{ privateIpAddress: '2017-04-02', publicIpAddress: '2017-04-02' }],
          subnet: [{ address: '2017-04-02', prefix: '2017-04-02' }],
        },
        ipv6: { ipAddress: [{ privateIpAddress: '2017-04-02' }] },
        macAddress: '2017-04-02',
      },
    ],
  },
} as const

/** A table like `instanceFields`, or a part of one. */
export type Fields = string | readonly [Fields] | { readonly [name: string]: Fields }

/** The values that belong into a table of fields, in their natural types; any may be absent. */
export type FactsOf<F> = F extends string
  ? string | number | boolean | undefined
  : F extends readonly [infer Element]
    ? readonly FactsOf<Element>[]
    : { readonly [Name in keyof F]?: FactsOf<F[Name]> | undefined }
