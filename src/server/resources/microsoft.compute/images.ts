/**
 * Which of Azure's images have a stand-in here. The root file system behind all of them is built from the host's own
 * distribution; what a machine really runs stands in its instance view as `osName` and `osVersion`.
 */

export type PlatformImage = {
  readonly publisher: string
  readonly offer: string
  readonly sku: string
  readonly version: string
  readonly generation: 'V1' | 'V2'
  /** The name that the machine driver knows the root file system by. */
  readonly image: string
}

type Row = [publisher: string, offer: string, sku: string, version: string, generation?: PlatformImage['generation']]

const rows: Row[] = [
  ['Canonical', 'UbuntuServer', '16.04-LTS', '16.4.0', 'V1'],
  ['Canonical', 'UbuntuServer', '16_04-lts-gen2', '16.4.0'],
  ['Canonical', 'UbuntuServer', '18.04-LTS', '18.4.0', 'V1'],
  ['Canonical', 'UbuntuServer', '18_04-lts-gen2', '18.4.0'],
  ['Canonical', '0001-com-ubuntu-server-focal', '20_04-lts', '20.4.0', 'V1'],
  ['Canonical', '0001-com-ubuntu-server-focal', '20_04-lts-gen2', '20.4.0'],
  ['Canonical', '0001-com-ubuntu-server-jammy', '22_04-lts', '22.4.0', 'V1'],
  ['Canonical', '0001-com-ubuntu-server-jammy', '22_04-lts-gen2', '22.4.0'],
  ['Canonical', 'ubuntu-22_04-lts', 'server', '22.4.0'],
  ['Canonical', 'ubuntu-22_04-lts', 'server-gen1', '22.4.0', 'V1'],
  ['Canonical', 'ubuntu-24_04-lts', 'server', '24.4.0'],
  ['Canonical', 'ubuntu-24_04-lts', 'server-gen1', '24.4.0', 'V1'],
  ['Debian', 'debian-10', '10', '10.0.0', 'V1'],
  ['Debian', 'debian-10', '10-gen2', '10.0.0'],
  ['Debian', 'debian-11', '11', '11.0.0', 'V1'],
  ['Debian', 'debian-11', '11-gen2', '11.0.0'],
  ['Debian', 'debian-11', '11-backports-gen2', '11.0.0'],
  ['Debian', 'debian-12', '12', '12.0.0', 'V1'],
  ['Debian', 'debian-12', '12-gen2', '12.0.0'],
  ['Debian', 'debian-13', '13', '13.0.0', 'V1'],
  ['Debian', 'debian-13', '13-gen2', '13.0.0'],
]

export const platformImages = rows.map(
  ([publisher, offer, sku, version, generation = 'V2']): PlatformImage => ({
    publisher,
    offer,
    sku,
    version,
    generation,
    image: 'server',
  }),
)

const aliases: Readonly<Record<string, readonly [publisher: string, offer: string, sku: string]>> = {
  UbuntuLTS: ['Canonical', '0001-com-ubuntu-server-jammy', '22_04-lts-gen2'],
  Ubuntu2004: ['Canonical', '0001-com-ubuntu-server-focal', '20_04-lts-gen2'],
  Ubuntu2204: ['Canonical', '0001-com-ubuntu-server-jammy', '22_04-lts-gen2'],
  Ubuntu2404: ['Canonical', 'ubuntu-24_04-lts', 'server'],
  Debian: ['Debian', 'debian-12', '12-gen2'],
  Debian11: ['Debian', 'debian-11', '11-backports-gen2'],
  Debian12: ['Debian', 'debian-12', '12-gen2'],
  Debian13: ['Debian', 'debian-13', '13-gen2'],
}

/** What `az vm create --image UbuntuLTS` looks names up in. Without `architecture`, az says it has no image list. */
export const imageAliasDocument = {
  $schema: 'http://schema.management.azure.com/schemas/2015-01-01/deploymentTemplate.json',
  contentVersion: '1.0.0.0',
  parameters: {},
  variables: {},
  resources: [],
  outputs: {
    aliases: {
      type: 'object',
      value: {
        Linux: Object.fromEntries(
          Object.entries(aliases).map(([alias, [publisher, offer, sku]]) => [
            alias,
            { publisher, offer, sku, version: 'latest', architecture: 'x64' },
          ]),
        ),
        Windows: {},
      },
    },
  },
}

const same = (a: string, b: string) => a.toLowerCase() === b.toLowerCase()

export type ImageNames = { readonly publisher: string; readonly offer: string; readonly sku: string }

/** Names are compared without regard to case, as Azure does. */
export const findPlatformImage = ({ publisher, offer, sku }: ImageNames): PlatformImage | undefined =>
  platformImages.find(image => same(image.publisher, publisher) && same(image.offer, offer) && same(image.sku, sku))

/**
 * The version that a reference means. One that names a past version keeps it: templates pin versions, and here they
 * all stand for the same root file system. Undefined when it is no version at all.
 */
export function exactVersion(image: PlatformImage, wanted: string): string | undefined {
  if (same(wanted, 'latest')) return image.version
  return /^\d+\.\d+\.\d+$/.test(wanted) ? wanted : undefined
}
