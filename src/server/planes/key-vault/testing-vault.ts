import { type Lifetime, type OpenLazuli, openLazuli } from '../../testing/open-lazuli.ts'
import { keyVaultPlane } from './plane.ts'

export const vaultAudience = 'https://vault.azure.net'

export type Asked = { readonly status: number; readonly headers: Headers; readonly body: unknown }

/** When it is in these tests, in seconds: time stands still until a test moves it. */
export const beginning = 1_800_000_000

type VaultWish = {
  readonly name?: string
  readonly properties?: Record<string, unknown>
  readonly vaultLimits?: 'azure'
}

/** A Lazuli with a resource group and a vault `safe` that goes by roles, and somebody who is its administrator. */
export async function openVault(t: Lifetime, wish: VaultWish = {}) {
  const { name = 'safe', properties = {}, vaultLimits = 'none' } = wish
  const lazuli = await openLazuli(t, {
    planes: parts => [keyVaultPlane({ ...parts, config: { ...parts.config, vaultLimits } })],
  })
  let now = beginning * 1000
  Object.assign(lazuli.clock, { now: () => now })
  const group = `${lazuli.subscription}/resourceGroups/g`
  const arm = await lazuli.adminToken()
  await lazuli.request('PUT', `${group}?api-version=2022-09-01`, { token: arm, body: { location: 'westus' } })
  const vaultId = `${group}/providers/Microsoft.KeyVault/vaults/${name}`
  const made = await lazuli.request('PUT', `${vaultId}?api-version=2023-07-01`, {
    token: arm,
    body: { location: 'westus', properties: { ...ordinary(lazuli), enableRbacAuthorization: true, ...properties } },
  })
  if (made.status !== 201) throw new Error(`no vault: ${await made.text()}`)
  const keeper = await lazuli.principal({
    roles: [{ role: 'Key Vault Administrator', scope: vaultId }],
    audience: vaultAudience,
  })

  return {
    ...lazuli,
    group,
    vaultId,
    keeper,
    armToken: arm,
    forwardBy(seconds: number) {
      now += seconds * 1000
    },
    /** Asks the vault, as its administrator unless `token` says otherwise. The version is 7.4, if the path names none. */
    async ask(
      method: string,
      path: string,
      options: { body?: unknown; token?: string | undefined; address?: string } = {},
    ): Promise<Asked> {
      const url = new URL(path.startsWith('/') ? `https://${name}.vault.azure.net${path}` : path)
      if (!url.searchParams.has('api-version')) url.searchParams.set('api-version', '7.4')
      const response = await lazuli.request(method, url.href, {
        token: await keeper.tokenFor(vaultAudience),
        ...options,
      })
      const text = await response.text()
      return {
        status: response.status,
        headers: response.headers,
        body: text === '' ? undefined : JSON.parse(text),
      }
    },
  }
}

export const ordinary = ({ directory }: Pick<OpenLazuli, 'directory'>) => ({
  tenantId: directory.tenantId,
  sku: { family: 'A', name: 'standard' },
  accessPolicies: [],
})
