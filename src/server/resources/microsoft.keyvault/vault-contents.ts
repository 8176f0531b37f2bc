import { type ResourceId, resourceId } from '../../../wire/resource-id.ts'
import { systemGrant, type Verb } from '../../access/grant.ts'
import { parentResourceNotFound } from '../../arm/errors.ts'
import { accountHost } from '../../door/names.ts'
import type { Context, Params } from '../../door/operation.ts'
import { filled } from '../../door/routes.ts'
import type { FoundVersion } from '../../store/vault-objects.ts'
import type { Vault } from '../../store/vaults.ts'

/** What a vault holds, as resources: where it stands, and what of it everybody may see who may read resources. */
export function vaultContents(kind: 'secrets' | 'keys') {
  const type = `Microsoft.KeyVault/vaults/${kind}`
  const collection = `/subscriptions/:subscriptionId/resourceGroups/:resourceGroupName/providers/Microsoft.KeyVault/vaults/:vault/${kind}`
  const item = `${collection}/:name`
  const idOf = (params: Params) => resourceId(filled(item, params))
  return {
    type,
    collection,
    item,
    onItem: (params: Params) => idOf(params).text,
    onVault: (params: Params) => filled(collection, params).replace(/\/\w+$/, ''),

    async located(cx: Context<Verb>): Promise<{ id: ResourceId; vault: Vault }> {
      const id = idOf({ ...cx.params, name: cx.params.name ?? '-' })
      const vault = await cx.store.vaults.get(seeVault, cx.params.vault ?? '')
      // Names of vaults are unique, but a path can put one into a group that it does not lie in.
      if (vault?.id.key !== id.container.toLowerCase()) throw parentResourceNotFound(id)
      return { id, vault }
    },

    /** The address of an object, for clients of the vault. */
    uriOf: (cx: Context<Verb>, vault: Vault, name: string) =>
      `https://${accountHost('key-vault', vault.name.toLowerCase(), cx.url, cx.config)}/${kind}/${name}`,

    envelope: ({ id, body }: Vault, { object, version }: FoundVersion) => ({
      id: `${id.text}/${kind}/${object.name}`,
      name: object.name,
      type,
      location: body.location,
      ...(version.tags ? { tags: version.tags } : {}),
    }),

    /** A page, and the address of the next. */
    async listed(cx: Context<Verb>, show: (vault: Vault, row: FoundVersion) => unknown): Promise<Response> {
      const { vault } = await this.located(cx)
      const after = cx.url.searchParams.get('$skiptoken') ?? ''
      const where = { vault, kind, deleted: false } as const
      const rows = await cx.store.vaultObjects.list(cx.grant, where, { after, limit: pageSize + 1 })
      const page = rows.slice(0, pageSize)
      return Response.json({
        value: page.map(row => show(vault, row)),
        ...(rows.length > pageSize ? { nextLink: nextPage(cx.url, page.at(-1)?.object.name) } : {}),
      })
    },
  }
}

export const pageSize = 100

export function nextPage(url: URL, last = ''): string {
  const next = new URL(url)
  next.searchParams.set('$skiptoken', last)
  return next.href
}

const seeVault = systemGrant('see the vault that something lies in')

export const shownAttributes = ({ version }: FoundVersion) => ({
  enabled: version.enabled,
  ...(version.notBefore === undefined ? {} : { nbf: version.notBefore }),
  ...(version.expires === undefined ? {} : { exp: version.expires }),
  created: Math.floor(version.createdAt / 1000),
  updated: Math.floor(version.updatedAt / 1000),
})
