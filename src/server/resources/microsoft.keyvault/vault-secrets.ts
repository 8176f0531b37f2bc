import * as z from 'zod'
import type { Verb } from '../../access/grant.ts'
import { apiVersionOf } from '../../arm/api-version.ts'
import { checked, withoutNulls } from '../../arm/envelope.ts'
import { resourceNotFound } from '../../arm/errors.ts'
import { readJson } from '../../door/body.ts'
import { type Context, type Operation, operation } from '../../door/operation.ts'
import type { FoundVersion } from '../../store/vault-objects.ts'
import type { Vault } from '../../store/vaults.ts'
import { addSecretVersion } from '../../vaults/add-secret-version.ts'
import { checkName } from '../../vaults/add-version.ts'
import { attributed, attributesWish, tagsWish } from '../../vaults/attributes.ts'
import { dueAt } from '../../vaults/expiry.ts'
import { isManaged } from '../../vaults/refusals.ts'
import { contentTypeWish, secretValue } from '../../vaults/secret-value.ts'
import { keyVaultVersions } from './api-versions.ts'
import { shownAttributes, vaultContents } from './vault-contents.ts'

/**
 * Secrets as resources, so that a template can put them into the vault that it makes. Who may write resources may write
 * them, but read no value: that is what the vault's own rules are for.
 */
export const vaultSecretsType = 'Microsoft.KeyVault/vaults/secrets'

const contents = vaultContents('secrets')
const { item, located, onItem: on } = contents

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
    const made = await cx.store.write(tx => addSecretVersion(tx, cx.grant, place, version, cx.now))
    cx.agents.certificateChanged(vault.name, id.name)
    const status = made.version.previousVersion === undefined ? 201 : 200
    return Response.json(shown(cx, vault, made), { status })
  },
})

const patchWish = wish.partial()

/** With a value, a new version that has of the old one what is not named; without, the newest version is changed. */
const patch = operation({
  name: `${vaultSecretsType}/write`,
  route: `PATCH ${item}`,
  access: { verb: 'write', action: `${vaultSecretsType}/write`, on },
  async run(cx) {
    apiVersionOf(cx.url, keyVaultVersions)
    const body = withoutNulls(await readJson(cx.request)) as Record<string, unknown>
    const { value, contentType, ...rest } = checked(patchWish, body.properties ?? {}, 'properties')
    const tags = checked(tagsWish.optional(), body.tags, 'tags')
    const { id, vault } = await located(cx)
    const place = { vault, kind: 'secrets', name: checkName(id.name) } as const
    const changed = await cx.store.write(async tx => {
      const before = await tx.vaultObjects.version(cx.grant, place)
      if (!before) throw resourceNotFound(id)
      if (before.object.managed) throw isManaged('secrets', 'update')
      const version = {
        ...attributed({ attributes: rest.attributes, tags }, before.version),
        body: contentType == null ? before.version.body : { ...before.version.body, contentType },
      }
      if (value !== undefined) return addSecretVersion(tx, cx.grant, place, { ...version, secret: value }, cx.now)
      const found = { object: before.object, version: { ...before.version, ...version, updatedAt: cx.now } }
      await tx.vaultObjects.putVersion(cx.grant, place, found.version)
      await tx.vaultObjects.setDue(cx.grant, place, dueAt(found))
      return found
    })
    cx.agents.certificateChanged(vault.name, id.name)
    return Response.json(shown(cx, vault, changed))
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

const list = operation({
  name: `${vaultSecretsType}/read`,
  route: `GET ${contents.collection}`,
  access: { verb: 'read', action: `${vaultSecretsType}/read`, on: contents.onVault },
  run(cx) {
    apiVersionOf(cx.url, keyVaultVersions)
    return contents.listed(cx, (vault, row) => shown(cx, vault, row))
  },
})

function shown(cx: Context<Verb>, vault: Vault, found: FoundVersion) {
  const { contentType } = found.version.body as { contentType?: string }
  const secretUri = contents.uriOf(cx, vault, found.object.name)
  return {
    ...contents.envelope(vault, found),
    properties: {
      ...(contentType === undefined ? {} : { contentType }),
      attributes: shownAttributes(found),
      secretUri,
      secretUriWithVersion: `${secretUri}/${found.version.version}`,
    },
  }
}

export const vaultSecretOperations: readonly Operation[] = [put, patch, get, list]
