import { apiVersionOf } from '../../arm/api-version.ts'
import type { Config } from '../../config.ts'
import { type Operation, operation } from '../../door/operation.ts'

/**
 * How a client finds the rest of a cloud when it is given the resource manager's address alone. The answer is made of
 * the name that the request came by: Azure's public names lead to public names, own names to own names, and localhost,
 * where no other name resolves, to paths.
 */
type Cloud = {
  readonly name: string
  readonly resourceManager: string
  readonly portal: string
  readonly login: string
  readonly identityProvider: 'AAD' | 'ADFS'
  readonly audiences: readonly string[]
  readonly graph: string
  readonly imageAliases: string
  readonly dataLakeAudience: string
  readonly suffixes: { readonly keyVault: string; readonly storage: string; readonly dataLake: string }
}

const publicHosts = ['management.azure.com', 'management.core.windows.net']

const publicCloud: Cloud = {
  name: 'AzureCloud',
  resourceManager: 'https://management.azure.com/',
  portal: 'https://portal.azure.com',
  login: 'https://login.microsoftonline.com',
  identityProvider: 'AAD',
  audiences: ['https://management.core.windows.net/', 'https://management.azure.com/'],
  graph: 'https://graph.microsoft.com/',
  imageAliases:
    'https://raw.githubusercontent.com/Azure/azure-rest-api-specs/main/arm-compute/quickstart-templates/aliases.json',
  dataLakeAudience: 'https://datalake.azure.net/',
  suffixes: { keyVault: 'vault.azure.net', storage: 'core.windows.net', dataLake: 'azuredatalakestore.net' },
}

export function cloudAt(url: URL, { domain }: Pick<Config, 'domain'>): Cloud {
  if (publicHosts.includes(url.hostname)) return publicCloud
  const port = url.port === '' ? '' : `:${url.port}`
  const own = (label: string) => `https://${label}.${domain}${port}`
  const here = `https://${url.host}`
  const isOwnName = url.hostname.endsWith(`.${domain}`)
  return {
    name: 'Lazuli',
    resourceManager: `${here}/`,
    portal: isOwnName ? own('portal') : `${here}/portal`,
    // Clients take an authority whose path is exactly /adfs as it is; any other they look up on the internet first.
    login: isOwnName ? `${own('login')}/adfs` : `${here}/adfs`,
    identityProvider: 'ADFS',
    audiences: [`${here}/`],
    graph: isOwnName ? `${own('graph')}/` : `${here}/graph/`,
    imageAliases: `${here}/metadata/vm-image-aliases.json`,
    dataLakeAudience: `${own('datalake')}/`,
    // Vaults and accounts have no form by path: these are names that the machine has to resolve.
    suffixes: {
      keyVault: `vault.${domain}${port}`,
      storage: `${domain}${port}`,
      dataLake: `datalake.${domain}${port}`,
    },
  }
}

/** az up to 2.45 and Azure Stack's clients. */
const flat = (cloud: Cloud) => ({
  galleryEndpoint: cloud.resourceManager,
  graphEndpoint: cloud.graph,
  portalEndpoint: cloud.portal,
  authentication: { loginEndpoint: cloud.login, audiences: cloud.audiences },
})

const described = (cloud: Cloud) => ({
  name: cloud.name,
  portal: cloud.portal,
  authentication: {
    loginEndpoint: cloud.login,
    audiences: cloud.audiences,
    tenant: 'common',
    identityProvider: cloud.identityProvider,
  },
  resourceManager: cloud.resourceManager,
  graph: cloud.graph,
  graphAudience: cloud.graph,
  microsoftGraphResourceId: cloud.graph,
  // Clients insist on members for services that there are none of here; they lead back to where "not found" is said.
  media: cloud.resourceManager,
  batch: cloud.resourceManager,
  sqlManagement: cloud.resourceManager,
  gallery: cloud.resourceManager,
  vmImageAliasDoc: cloud.imageAliases,
  activeDirectoryDataLake: cloud.dataLakeAudience,
  suffixes: {
    keyVaultDns: cloud.suffixes.keyVault,
    storage: cloud.suffixes.storage,
    azureDataLakeStoreFileSystem: cloud.suffixes.dataLake,
    azureDataLakeAnalyticsCatalogAndJob: `analytics.${cloud.suffixes.dataLake}`,
    acrLoginServer: `registry.${cloud.suffixes.storage}`,
    sqlServerHostname: `sql.${cloud.suffixes.storage}`,
  },
})

const shapes: Readonly<Record<string, (cloud: Cloud) => unknown>> = {
  '2022-09-01': described,
  '2020-06-01': cloud => [described(cloud)],
  '2019-05-01': cloud => [described(cloud)],
  '2015-01-01': flat,
}

const open = 'a client reads it to find out where it can get a token; it says nothing but addresses'

export const metadataOperations: readonly Operation[] = [
  operation({
    name: 'Microsoft.Resources/endpoints/read',
    route: 'GET /metadata/endpoints',
    access: { open },
    run(cx) {
      const shape = shapes[apiVersionOf(cx.url, Object.keys(shapes))]
      return Response.json(shape?.(cloudAt(cx.url, cx.config)))
    },
  }),
  operation({
    name: 'Microsoft.Resources/cloudConfiguration/read',
    // What `az cloud register --cloud-config` takes: az 2.45 discovers too little to find vaults and accounts.
    route: 'GET /metadata/az-cloud.json',
    access: { open },
    run(cx) {
      const cloud = cloudAt(cx.url, cx.config)
      return Response.json({
        endpoints: {
          resourceManager: cloud.resourceManager,
          management: cloud.resourceManager,
          portal: cloud.portal,
          activeDirectory: cloud.login,
          activeDirectoryResourceId: cloud.audiences[0],
          activeDirectoryGraphResourceId: cloud.graph,
          microsoftGraphResourceId: cloud.graph,
          activeDirectoryDataLakeResourceId: cloud.dataLakeAudience,
          vmImageAliasDoc: cloud.imageAliases,
          gallery: cloud.resourceManager,
        },
        suffixes: {
          keyvaultDns: `.${cloud.suffixes.keyVault}`,
          storageEndpoint: cloud.suffixes.storage,
          azureDatalakeStoreFileSystemEndpoint: cloud.suffixes.dataLake,
          acrLoginServerEndpoint: `.registry.${cloud.suffixes.storage}`,
        },
      })
    },
  }),
]
