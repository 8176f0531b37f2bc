/**
 * What `az account list-locations` and portals offer. Any other name is accepted as a location, too: all of them are
 * this machine.
 */
export type Region = {
  readonly name: string
  readonly displayName: string
  readonly geography: string
  readonly geographyGroup: string
  readonly physicalLocation: string
  readonly latitude: string
  readonly longitude: string
  readonly paired: string
}

const us = { geography: 'United States', geographyGroup: 'US' }
const europe = { geography: 'Europe', geographyGroup: 'Europe' }

export const regions: readonly Region[] = [
  {
    name: 'westus',
    displayName: 'West US',
    ...us,
    physicalLocation: 'California',
    latitude: '37.783',
    longitude: '-122.417',
    paired: 'eastus',
  },
  {
    name: 'eastus',
    displayName: 'East US',
    ...us,
    physicalLocation: 'Virginia',
    latitude: '37.3719',
    longitude: '-79.8164',
    paired: 'westus',
  },
  {
    name: 'eastus2',
    displayName: 'East US 2',
    ...us,
    physicalLocation: 'Virginia',
    latitude: '36.6681',
    longitude: '-78.3889',
    paired: 'centralus',
  },
  {
    name: 'centralus',
    displayName: 'Central US',
    ...us,
    physicalLocation: 'Iowa',
    latitude: '41.5908',
    longitude: '-93.6208',
    paired: 'eastus2',
  },
  {
    name: 'westus2',
    displayName: 'West US 2',
    ...us,
    physicalLocation: 'Washington',
    latitude: '47.233',
    longitude: '-119.852',
    paired: 'westcentralus',
  },
  {
    name: 'westcentralus',
    displayName: 'West Central US',
    ...us,
    physicalLocation: 'Wyoming',
    latitude: '40.89',
    longitude: '-110.234',
    paired: 'westus2',
  },
  {
    name: 'northeurope',
    displayName: 'North Europe',
    ...europe,
    physicalLocation: 'Ireland',
    latitude: '53.3478',
    longitude: '-6.2597',
    paired: 'westeurope',
  },
  {
    name: 'westeurope',
    displayName: 'West Europe',
    ...europe,
    physicalLocation: 'Netherlands',
    latitude: '52.3667',
    longitude: '4.9',
    paired: 'northeurope',
  },
]
