import * as z from 'zod'
import { type ResourceId, resourceId } from '../../../wire/resource-id.ts'
import { systemGrant, type Verb } from '../../access/grant.ts'
import { apiVersionOf } from '../../arm/api-version.ts'
import { checked, withoutNulls } from '../../arm/envelope.ts'
import { parentResourceNotFound, resourceNotFound } from '../../arm/errors.ts'
import { readJson } from '../../door/body.ts'
import { accountHost } from '../../door/names.ts'
import { type Context, type Operation, operation, type Params } from '../../door/operation.ts'
import type { FoundVersion } from '../../store/vault-objects.ts'
import type { Vault } from '../../store/vaults.ts'
import { addVersion, checkName } from '../../vaults/add-version.ts'
import { attributed, attributesWish, tagsWish } from '../../vaults/attributes.ts'
import { contentTypeWish, secretValue } from '../../vaults/secret-value.ts'
import { keyVaultVersions } from './api-versions.ts'

/**
 * Secrets as resources, so that a template can put them into the vault that it makes. Who may write resources may write
 * them, but read no value: that is what the vault's own rules are for.
 */
export const vaultSecretsType = 'Microsoft.KeyVault/vaults/secrets'

const collection =
  '/subscriptions/:subscriptionId/resourceGroups/:resourceGroupName/providers/Microsoft.KeyVault/vaults/:vault/secrets'
const item = `${collection}/:name`
const filled = (pattern: string, params: Params) => pattern.replace(/:(\w+)/g, (_, name: string) => params[name] ?? '')
const idOf = (params: Params) => resourceId(filled(item, params))
const on = (params: Params) => idOf(params).text
const vaultIdOf = (params: Params) => filled(collection, params).replace(/\/secrets$/, '')

const seeVault = systemGrant('see the vault that a secret lies in')

const attributes = attributesWish.optional()
const wish = z.looseObject({ value: secretValue, contentType: contentTypeWish, attributes })

const put = operation({
  name: `${vaultSecretsType}/write`,
  route: `PUT ${item}`,
  access: { verb: 'write', action: `${vaultSecretsType}/write`, on },
  async run(cx) {
    apiVersionOf(cx.url, keyVaultVersions)
    const body = withoutNulls(await readJson(cx.request)) as Record<string, unknown>
    const { value, contentType, ...rest } = checked(wish, body.properties, 'properties')
    const tags = checked(tagsWish.optional(), body.tags, 'tags')
    const { id, vault } = await located(cx)
    const place = { vault, kind: 'secrets', name: checkName(id.name) } as const
    const version = {
      ...attributed({ attributes: rest.attributes, tags }),
      body: contentType == null ? {} : { contentType },
      secret: value,
    }
    const made = await cx.store.write(tx => addVersion(tx, cx.grant, place, version, { now: cx.now }))
    cx.agents.certificateChanged(vault.name, id.name)
    const status = made.version.previousVersion === undefined ? 201 : 200
    return Response.json(shown(cx, vault, made), { status })
  },
})

const get = operation({
  name: `${vaultSecretsType}/read`,
  route: `GET ${item}`,
  access: { verb: 'read', action: `${vaultSecretsType}/read`, on },
  async run(cx) {
    apiVersionOf(cx.url, keyVaultVersions)
    const { id, vault } = await located(cx)
    const found = await cx.store.vaultObjects.version(cx.grant, { vault, kind: 'secrets', name: id.name })
    if (!found) throw resourceNotFound(id)
    return Response.json(shown(cx, vault, found))
  },
})

const pageSize = 100

const list = operation({
  name: `${vaultSecretsType}/read`,
  route: `GET ${collection}`,
  access: { verb: 'read', action: `${vaultSecretsType}/read`, on: vaultIdOf },
  async run(cx) {
    apiVersionOf(cx.url, keyVaultVersions)
    const { vault } = await located(cx)
    const after = cx.url.searchParams.get('$skiptoken') ?? ''
    const rows = await cx.store.vaultObjects.list(
      cx.grant,
      { vault, kind: 'secrets', deleted: false },
      { after, limit: pageSize + 1 },
    )
    const page = rows.slice(0, pageSize)
    const next = new URL(cx.url)
    next.searchParams.set('$skiptoken', page.at(-1)?.object.name ?? '')
    return Response.json({
      value: page.map(row => shown(cx, vault, row)),
      ...(rows.length > pageSize ? { nextLink: next.href } : {}),
    })
  },
})

async function located(cx: Context<Verb>): Promise<{ id: ResourceId; vault: Vault }> {
  const id = idOf({ ...cx.params, name: cx.params.name ?? '-' })
  const vault = await cx.store.vaults.get(seeVault, cx.params.vault ?? '')
  // Names of vaults are unique, but a path can put one into a group that it does not lie in.
  if (vault?.id.key !== id.container.toLowerCase()) throw parentResourceNotFound(id)
  return { id, vault }
}

function shown(cx: Context<Verb>, { id: vaultId, name, body }: Vault, { object, version }: FoundVersion) {
  const { contentType } = version.body as { contentType?: string }
  const secretUri = `https://${accountHost('key-vault', name.toLowerCase(), cx.url, cx.config)}/secrets/${object.name}`
  return {
    id: `${vaultId.text}/secrets/${object.name}`,
    name: object.name,
    type: vaultSecretsType,
    location: body.location,
    ...(version.tags ? { tags: version.tags } : {}),
    properties: {
      ...(contentType === undefined ? {} : { contentType }),
      attributes: {
        enabled: version.enabled,
        ...(version.notBefore === undefined ? {} : { nbf: version.notBefore }),
        ...(version.expires === undefined ? {} : { exp: version.expires }),
        created: Math.floor(version.createdAt / 1000),
        updated: Math.floor(version.updatedAt / 1000),
      },
      secretUri,
      secretUriWithVersion: `${secretUri}/${version.version}`,
    },
  }
}

export const vaultSecretOperations: readonly Operation[] = [put, get, list]
