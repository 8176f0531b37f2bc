import assert from 'node:assert/strict'
import { test } from 'node:test'
import { platformImages } from './images.ts'
import { machineBody, openGroup } from './testing-machines.ts'

const names = (list: { name: string }[]) => list.map(({ name }) => name)

test('Images are found level by level, each a bare list with ids', async t => {
  const { lazuli, send } = await openGroup(t)
  const publishers = `${lazuli.subscription}/providers/Microsoft.Compute/locations/westeurope/publishers`
  assert.deepEqual(names((await send('GET', publishers)).body), ['Canonical', 'Debian'])
  const offers = `${publishers}/debian/artifacttypes/vmimage/offers`
  assert.deepEqual(names((await send('GET', offers)).body), ['debian-10', 'debian-11', 'debian-12', 'debian-13'])
  const { body } = await send('GET', `${offers}/debian-12/skus`)
  assert.deepEqual(names(body), ['12', '12-gen2'])
  assert.deepEqual(body[0], {
    location: 'westeurope',
    name: '12',
    id: `/Subscriptions/${lazuli.directory.subscriptionId}/Providers/Microsoft.Compute/locations/westeurope/publishers/debian/artifacttypes/vmimage/offers/debian-12/skus/12`,
  })
})

test('The newest version of every image is found as az looks for it, and described', async t => {
  const { lazuli, send } = await openGroup(t)
  const location = `${lazuli.subscription}/providers/Microsoft.Compute/locations/westeurope`
  for (const { publisher, offer, sku, generation, version } of platformImages) {
    const versions = `${location}/publishers/${publisher}/artifacttypes/vmimage/offers/${offer}/skus/${sku}/versions`
    const newest = (await send('GET', `${versions}?$top=1&$orderby=name desc`)).body
    assert.deepEqual(names(newest), [version])
    const { body } = await send('GET', `${versions}/${newest[0].name}`)
    assert.deepEqual(
      [body.properties.osDiskImage.operatingSystem, body.properties.hyperVGeneration, body.properties.architecture],
      ['Linux', generation, 'x64'],
    )
  }
})

test('An image that there is not is not found, in the words that az shows', async t => {
  const { lazuli, send } = await openGroup(t)
  const path = `${lazuli.subscription}/providers/Microsoft.Compute/locations/westeurope/publishers/Nobody/artifacttypes/vmimage/offers`
  const { status, body } = await send('GET', path)
  assert.deepEqual([status, body], [404, { error: { code: 'NotFound', message: 'Artifact: VMImage was not found.' } }])
})

test('Image aliases need no token, and each one names an image that there is', async t => {
  const { lazuli } = await openGroup(t)
  const response = await lazuli.request('GET', '/metadata/vm-image-aliases.json')
  assert.equal(response.status, 200)
  const { outputs } = JSON.parse(await response.text())
  const aliases: Record<string, { publisher: string; offer: string; sku: string; architecture: string }> =
    outputs.aliases.value.Linux
  assert.ok('UbuntuLTS' in aliases && 'Ubuntu2204' in aliases && 'Debian12' in aliases)
  for (const [alias, { publisher, offer, sku, architecture }] of Object.entries(aliases)) {
    assert.equal(architecture, 'x64', alias)
    const found = platformImages.some(
      image => image.publisher === publisher && image.offer === offer && image.sku === sku,
    )
    assert.ok(found, alias)
  }
})

test('Sizes have Azure’s numbers, in a location and for a machine', async t => {
  const { lazuli, send, finish } = await openGroup(t)
  const { body } = await send('GET', `${lazuli.subscription}/providers/Microsoft.Compute/locations/westeurope/vmSizes`)
  assert.deepEqual(
    body.value.find(({ name }: { name: string }) => name === 'Standard_DS1_v2'),
    {
      name: 'Standard_DS1_v2',
      numberOfCores: 1,
      osDiskSizeInMB: 1_047_552,
      resourceDiskSizeInMB: 7168,
      memoryInMB: 3584,
      maxDataDiskCount: 4,
    },
  )
  const vm = 'Microsoft.Compute/virtualMachines/vm1'
  assert.equal((await send('GET', `${vm}/vmSizes`)).status, 404)
  await finish('PUT', vm, machineBody())
  assert.deepEqual((await send('GET', `${vm}/vmSizes`)).body, body)
})

test('SKUs can be asked for one location, with api-versions of their own', async t => {
  const { lazuli, send } = await openGroup(t)
  const list = (query: string, version: string) =>
    send('GET', `${lazuli.subscription}/providers/Microsoft.Compute/skus${query}`, undefined, { version })
  const { body } = await list(`?$filter=location eq 'westeurope'`, '2021-07-01')
  assert.partialDeepStrictEqual(body.value[0], { resourceType: 'virtualMachines', locations: ['westeurope'] })
  assert.ok((await list('', '2019-04-01')).body.value[0].locations.includes('westus'))
  assert.equal((await list('', '2024-07-01')).body.error.code, 'InvalidApiVersionParameter')
})

test('Usage counts the machines of a location', async t => {
  const { lazuli, send, finish } = await openGroup(t)
  await finish('PUT', 'Microsoft.Compute/virtualMachines/vm1', machineBody())
  const used = async (location: string) =>
    (await send('GET', `${lazuli.subscription}/providers/Microsoft.Compute/locations/${location}/usages`)).body.value[0]
      .currentValue
  assert.deepEqual([await used('westeurope'), await used('eastus')], [1, 0])
})
