import { resourceId } from '../../../wire/resource-id.ts'
import { apiVersionOf } from '../../arm/api-version.ts'
import { resourceNotFound } from '../../arm/errors.ts'
import { type Context, operation } from '../../door/operation.ts'
import { filled } from '../../door/routes.ts'
import { largestOsDiskMiB, type Size, sizes } from '../../machines/sizes.ts'
import { regions } from '../microsoft.resources/regions.ts'
import { computeVersions, skuVersions } from './api-versions.ts'
import { findPlatformImage, imageAliasDocument, type PlatformImage, platformImages } from './images.ts'
import { instanceView } from './instance-view.ts'
import { artifactNotFound, invalidParameter } from './refusals.ts'

/** What can be had: images, sizes and how many machines. The same everywhere, whatever the location. */

const subscription = '/subscriptions/:subscriptionId'
const location = `${subscription}/providers/Microsoft.Compute/locations/:location`
const publishers = `${location}/publishers`
const offers = `${publishers}/:publisher/artifacttypes/vmimage/offers`
const skus = `${offers}/:offer/skus`
const versions = `${skus}/:sku/versions`
const machine = `${subscription}/resourceGroups/:resourceGroupName/providers/Microsoft.Compute/virtualMachines/:name`

type Answer = (cx: Context<'read'>) => unknown

/** `permission` is the operation in Azure's list of actions, without `Microsoft.Compute/` and `/read`. */
function listing(
  permission: string,
  path: string,
  scope: string,
  answer: Answer,
  apiVersions: readonly string[] = computeVersions,
) {
  const action = `Microsoft.Compute/${permission}/read`
  return operation({
    name: action,
    route: `GET ${path}`,
    access: { verb: 'read', action, on: params => filled(scope, params) },
    async run(cx) {
      apiVersionOf(cx.url, apiVersions)
      return Response.json(await answer(cx))
    },
  })
}

export const computeListings = [
  listing('locations/publishers', publishers, subscription, cx => publishersOf(cx)),
  listing('locations/publishers/artifacttypes/offers', offers, subscription, cx => named(cx, 'offer', found(cx))),
  listing('locations/publishers/artifacttypes/offers/skus', skus, subscription, cx => named(cx, 'sku', found(cx))),
  listing('locations/publishers/artifacttypes/offers/skus/versions', versions, subscription, cx =>
    ordered(cx.url, named(cx, 'version', found(cx))),
  ),
  listing(
    'locations/publishers/artifacttypes/offers/skus/versions',
    `${versions}/:version`,
    subscription,
    imageVersion,
  ),
  listing('locations/vmSizes', `${location}/vmSizes`, subscription, () => ({ value: sizes.map(renderSize) })),
  listing('locations/usages', `${location}/usages`, subscription, usages),
  listing('skus', `${subscription}/providers/Microsoft.Compute/skus`, subscription, sizesForSale, skuVersions),
  listing('virtualMachines/vmSizes', `${machine}/vmSizes`, machine, async cx => {
    await storedMachine(cx)
    return { value: sizes.map(renderSize) }
  }),
  listing('virtualMachines/instanceView', `${machine}/instanceView`, machine, async cx =>
    instanceView(cx, await storedMachine(cx)),
  ),
]

/** az fetches it from the address that the cloud's metadata names, without signing in. */
export const imageAliases = operation({
  name: 'Microsoft.Compute/imageAliases/read',
  route: 'GET /metadata/vm-image-aliases.json',
  access: { open: 'the names of images are public, and az asks for them without a token' },
  run: () => Response.json(imageAliasDocument),
})

async function storedMachine(cx: Context<'read'>) {
  const id = resourceId(filled(machine, cx.params))
  const vm = await cx.store.resources.get(cx.grant, id)
  if (!vm) throw resourceNotFound(id)
  return vm
}

/** The images below what the path names. Throws 404 when there are none. */
function found({ params }: Context): PlatformImage[] {
  const parts = ['publisher', 'offer', 'sku'] as const
  const images = platformImages.filter(image =>
    parts.every(part => params[part] === undefined || image[part].toLowerCase() === params[part].toLowerCase()),
  )
  if (images.length === 0) throw artifactNotFound()
  return images
}

/** Of images and of extensions. */
const publishersOf = (cx: Context) => named(cx, 'publisher', [...platformImages, ...cx.packages.list()])

/** A bare list, as Azure answers it. */
function named<Part extends 'publisher' | 'offer' | 'sku' | 'version'>(
  { url, params }: Context,
  part: Part,
  images: readonly Pick<PlatformImage, Part>[],
) {
  const path = filled('/Subscriptions/:subscriptionId/Providers/Microsoft.Compute', params)
  const below = url.pathname.replace(/\/+$/, '').replace(/^.*?\/providers\/microsoft\.compute/i, '')
  return [...new Set(images.map(image => image[part]))].map(name => ({
    location: params.location ?? '',
    name,
    id: `${path}${below}/${name}`,
  }))
}

function ordered<T extends { name: string }>(url: URL, list: T[]): T[] {
  const descending = /^name\s+desc$/i.test(url.searchParams.get('$orderby') ?? '')
  const sorted = list.toSorted((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }))
  const top = Number(url.searchParams.get('$top') ?? sorted.length)
  if (!Number.isInteger(top) || top < 0) throw invalidParameter('$top')
  return (descending ? sorted.reverse() : sorted).slice(0, top)
}

function imageVersion({ params, url }: Context) {
  const { publisher = '', offer = '', sku = '', version = '' } = params
  const image = findPlatformImage({ publisher, offer, sku })
  if (!image || (version !== image.version && version.toLowerCase() !== 'latest')) throw artifactNotFound()
  return {
    id: url.pathname,
    name: image.version,
    location: params.location,
    properties: {
      osDiskImage: { operatingSystem: 'Linux', sizeInGb: 30 },
      dataDiskImages: [],
      hyperVGeneration: image.generation,
      architecture: 'x64',
      features: [],
      automaticOSUpgradeProperties: { automaticOSUpgradeSupported: false },
    },
  }
}

const renderSize = ({ name, cpus, memoryMiB, maxDataDisks, temporaryDiskMiB }: Size) => ({
  name,
  numberOfCores: cpus,
  osDiskSizeInMB: largestOsDiskMiB,
  resourceDiskSizeInMB: temporaryDiskMiB,
  memoryInMB: memoryMiB,
  maxDataDiskCount: maxDataDisks,
})

function sizesForSale({ url }: Context) {
  const locations = locationsOf(url)
  return { value: sizes.map(size => renderSku(size, locations)) }
}

/** Azure filters by nothing but the location. */
function locationsOf(url: URL): string[] {
  const wanted = /^location eq '([^']+)'$/i.exec(url.searchParams.get('$filter')?.trim() ?? '')?.[1]
  return wanted === undefined ? regions.map(({ name }) => name) : [wanted]
}

const renderSku = ({ name, cpus, memoryMiB, maxDataDisks, temporaryDiskMiB }: Size, locations: string[]) => ({
  resourceType: 'virtualMachines',
  name,
  tier: 'Standard',
  size: name.replace(/^Standard_/, ''),
  family: `standard${name.replace(/^Standard_([A-Z]+).*$/, '$1')}Family`,
  locations,
  locationInfo: locations.map(location => ({ location, zones: [], zoneDetails: [] })),
  capabilities: Object.entries({
    MaxResourceVolumeMB: temporaryDiskMiB,
    OSVhdSizeMB: largestOsDiskMiB,
    vCPUs: cpus,
    vCPUsAvailable: cpus,
    MemoryGB: memoryMiB / 1024,
    MaxDataDiskCount: maxDataDisks,
    CpuArchitectureType: 'x64',
    HyperVGenerations: 'V1,V2',
  }).map(([capability, value]) => ({ name: capability, value: String(value) })),
  restrictions: [],
})

/** How many machines a network of sandboxes has addresses for. */
const mostMachines = 4_000

async function usages(cx: Context<'read'>) {
  const machines = await cx.store.resources.list(
    cx.grant,
    { below: { subscription: cx.params.subscriptionId ?? '' }, type: 'Microsoft.Compute/virtualMachines' },
    { limit: mostMachines },
  )
  const location = cx.params.location?.toLowerCase()
  const currentValue = machines.filter(({ body }) => body.location === location).length
  const name = { value: 'virtualMachines', localizedValue: 'Virtual Machines' }
  return { value: [{ unit: 'Count', currentValue, limit: mostMachines, name }] }
}
