import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openLazuli } from '../../testing/open-lazuli.ts'

const own = {
  suffixes: {
    keyVaultDns: 'vault.lazuli.localhost:4443',
    storage: 'lazuli.localhost:4443',
    azureDataLakeStoreFileSystem: 'datalake.lazuli.localhost:4443',
    azureDataLakeAnalyticsCatalogAndJob: 'analytics.datalake.lazuli.localhost:4443',
    acrLoginServer: 'registry.lazuli.localhost:4443',
    sqlServerHostname: 'sql.lazuli.localhost:4443',
  },
}

const onLocalhost = {
  name: 'Lazuli',
  portal: 'https://localhost:4443/portal',
  authentication: {
    loginEndpoint: 'https://localhost:4443/adfs',
    audiences: ['https://localhost:4443/'],
    tenant: 'common',
    identityProvider: 'ADFS',
  },
  resourceManager: 'https://localhost:4443/',
  graph: 'https://localhost:4443/graph/',
  graphAudience: 'https://localhost:4443/graph/',
  microsoftGraphResourceId: 'https://localhost:4443/graph/',
  media: 'https://localhost:4443/',
  batch: 'https://localhost:4443/',
  sqlManagement: 'https://localhost:4443/',
  gallery: 'https://localhost:4443/',
  vmImageAliasDoc: 'https://localhost:4443/metadata/vm-image-aliases.json',
  activeDirectoryDataLake: 'https://datalake.lazuli.localhost:4443/',
  ...own,
}

test('on localhost everything is found by path', async t => {
  const lazuli = await openLazuli(t)
  const response = await lazuli.request('GET', 'https://localhost:4443/metadata/endpoints?api-version=2022-09-01')
  assert.equal(response.status, 200)
  assert.deepEqual(await response.json(), onLocalhost)
})

test('the version that some clients ask for has a list of one cloud', async t => {
  const lazuli = await openLazuli(t)
  const response = await lazuli.request('GET', 'https://localhost:4443/metadata/endpoints?api-version=2019-05-01')
  assert.deepEqual(await response.json(), [onLocalhost])
})

test('by an own name, own names are found', async t => {
  const lazuli = await openLazuli(t)
  const url = 'https://management.lazuli.localhost:4443/metadata/endpoints?api-version=2022-09-01'
  const cloud = (await (await lazuli.request('GET', url)).json()) as Record<string, unknown>
  assert.deepEqual(
    [cloud.resourceManager, cloud.authentication, cloud.graph, cloud.suffixes],
    [
      'https://management.lazuli.localhost:4443/',
      {
        loginEndpoint: 'https://login.lazuli.localhost:4443/adfs',
        audiences: ['https://management.lazuli.localhost:4443/'],
        tenant: 'common',
        identityProvider: 'ADFS',
      },
      'https://graph.lazuli.localhost:4443/',
      own.suffixes,
    ],
  )
})

test("by Azure's name, Azure's public names are found", async t => {
  const lazuli = await openLazuli(t)
  const cloud = (await (
    await lazuli.request('GET', 'https://management.azure.com/metadata/endpoints?api-version=2022-09-01')
  ).json()) as { authentication: unknown; suffixes: { keyVaultDns: string; storage: string }; graph: string }
  assert.deepEqual(
    [cloud.authentication, cloud.suffixes.keyVaultDns, cloud.suffixes.storage, cloud.graph],
    [
      {
        loginEndpoint: 'https://login.microsoftonline.com',
        audiences: ['https://management.core.windows.net/', 'https://management.azure.com/'],
        tenant: 'common',
        identityProvider: 'AAD',
      },
      'vault.azure.net',
      'core.windows.net',
      'https://graph.microsoft.com/',
    ],
  )
})

test('the oldest version is flat', async t => {
  const lazuli = await openLazuli(t)
  const response = await lazuli.request('GET', 'https://localhost:4443/metadata/endpoints?api-version=2015-01-01')
  assert.deepEqual(await response.json(), {
    galleryEndpoint: 'https://localhost:4443/',
    graphEndpoint: 'https://localhost:4443/graph/',
    portalEndpoint: 'https://localhost:4443/portal',
    authentication: { loginEndpoint: 'https://localhost:4443/adfs', audiences: ['https://localhost:4443/'] },
  })
})

test('a version that no client knows is refused', async t => {
  const lazuli = await openLazuli(t)
  const response = await lazuli.request('GET', 'https://localhost:4443/metadata/endpoints?api-version=2022-09-02')
  assert.equal(response.status, 400)
})

test('a configuration can be fetched for clients that discover too little', async t => {
  const lazuli = await openLazuli(t)
  const response = await lazuli.request('GET', 'https://localhost:4443/metadata/az-cloud.json')
  assert.deepEqual(await response.json(), {
    endpoints: {
      resourceManager: 'https://localhost:4443/',
      management: 'https://localhost:4443/',
      portal: 'https://localhost:4443/portal',
      activeDirectory: 'https://localhost:4443/adfs',
      activeDirectoryResourceId: 'https://localhost:4443/',
      activeDirectoryGraphResourceId: 'https://localhost:4443/graph/',
      microsoftGraphResourceId: 'https://localhost:4443/graph/',
      activeDirectoryDataLakeResourceId: 'https://datalake.lazuli.localhost:4443/',
      vmImageAliasDoc: 'https://localhost:4443/metadata/vm-image-aliases.json',
      gallery: 'https://localhost:4443/',
    },
    suffixes: {
      keyvaultDns: '.vault.lazuli.localhost:4443',
      storageEndpoint: 'lazuli.localhost:4443',
      azureDatalakeStoreFileSystemEndpoint: 'datalake.lazuli.localhost:4443',
      acrLoginServerEndpoint: '.registry.lazuli.localhost:4443',
    },
  })
})

test('every audience that the metadata name is one that we take tokens for', async t => {
  const { request, parts } = await openLazuli(t)
  for (const host of ['localhost:4443', 'management.lazuli.localhost:4443', 'management.azure.com']) {
    const response = await request('GET', `https://${host}/metadata/endpoints?api-version=2022-09-01`)
    const cloud = (await response.json()) as {
      authentication: { audiences: string[] }
      microsoftGraphResourceId: string
      activeDirectoryDataLake: string
    }
    const { serviceOf } = parts.tokens.audiences
    assert.deepEqual(
      cloud.authentication.audiences.map(serviceOf).filter(service => service !== 'arm'),
      [],
      host,
    )
    assert.equal(serviceOf(cloud.microsoftGraphResourceId), 'graph', host)
    assert.equal(serviceOf(cloud.activeDirectoryDataLake), 'data-lake', host)
  }
})
