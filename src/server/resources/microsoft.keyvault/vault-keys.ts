import * as z from 'zod'
import { resourceId } from '../../../wire/resource-id.ts'
import type { Verb } from '../../access/grant.ts'
import { apiVersionOf } from '../../arm/api-version.ts'
import { checked, withoutNulls } from '../../arm/envelope.ts'
import { resourceNotFound } from '../../arm/errors.ts'
import { readJson } from '../../door/body.ts'
import { type Context, type Operation, operation } from '../../door/operation.ts'
import { filled } from '../../door/routes.ts'
import type { FoundVersion } from '../../store/vault-objects.ts'
import type { Vault } from '../../store/vaults.ts'
import { addKeyVersion } from '../../vaults/add-key-version.ts'
import { checkName } from '../../vaults/add-version.ts'
import { attributed, tagsWish } from '../../vaults/attributes.ts'
import { generateMaterial } from '../../vaults/cryptography/key-material.ts'
import { dueAt } from '../../vaults/expiry.ts'
import { type KeyBody, keyVersion } from '../../vaults/key-version.ts'
import { keyType, keyWish, materialWish, refuseRelease, uniqueUses } from '../../vaults/key-wish.ts'
import { policyOfWish, rotationPolicyOf } from '../../vaults/rotation-policy.ts'
import { keyVaultVersions } from './api-versions.ts'
import { nextPage, pageSize, shownAttributes, vaultContents } from './vault-contents.ts'

/**
 * Keys as resources, so that a template can put one into the vault that it makes. Only the first version comes about
 * this way: a key that is there already is left as it is, whatever the template says of it.
 */
export const vaultKeysType = 'Microsoft.KeyVault/vaults/keys'
export const vaultKeyVersionsType = `${vaultKeysType}/versions`

const contents = vaultContents('keys')
const { item, located, onItem: on } = contents

const wish = z.looseObject({
  kty: z.string().default('RSA'),
  keyOps: keyWish.shape.key_ops,
  keySize: z.int().optional(),
  curveName: z.string().optional(),
  attributes: keyWish.shape.attributes,
  rotationPolicy: z.unknown().optional(),
  release_policy: z.unknown().optional(),
})

const put = operation({
  name: `${vaultKeysType}/write`,
  route: `PUT ${item}`,
  access: { verb: 'write', action: `${vaultKeysType}/write`, on },
  async run(cx) {
    apiVersionOf(cx.url, keyVaultVersions)
    const body = withoutNulls(await readJson(cx.request)) as Record<string, unknown>
    const asked = checked(wish, body.properties, 'properties')
    const tags = checked(tagsWish.optional(), body.tags, 'tags')
    refuseRelease({ attributes: asked.attributes, release_policy: asked.release_policy })
    const { id, vault } = await located(cx)
    const place = { vault, kind: 'keys', name: checkName(id.name) } as const
    const before = await cx.store.vaultObjects.version(cx.grant, place)
    if (before) return Response.json(shown(cx, vault, before))

    const kty = keyType(vault, asked.kty)
    const policy = asked.rotationPolicy === undefined ? undefined : policyOfWish(asked.rotationPolicy, {}, cx.now)
    const attributes = attributed({ attributes: asked.attributes, tags })
    const material = await generateMaterial(materialWish(kty, { bits: asked.keySize, crv: asked.curveName }))
    const version = { ...attributes, ...keyVersion(material, { kty, ...uniqueUses(asked.keyOps) }) }
    const made = await cx.store.write(async tx => {
      // Somebody else may have made it meanwhile.
      const there = await tx.vaultObjects.version(cx.grant, place)
      if (there) return there
      const { version: first, object } = await addKeyVersion(tx, cx.grant, place, version, cx.now)
      if (!policy) return { object, version: first }
      const withPolicy = { ...object, body: { ...object.body, rotationPolicy: policy } }
      await tx.vaultObjects.put(cx.grant, place, { body: withPolicy.body })
      const found = { object: withPolicy, version: first }
      await tx.vaultObjects.setDue(cx.grant, place, dueAt(found))
      return found
    })
    return Response.json(shown(cx, vault, made), { status: 201 })
  },
})

const get = operation({
  name: `${vaultKeysType}/read`,
  route: `GET ${item}`,
  access: { verb: 'read', action: `${vaultKeysType}/read`, on },
  async run(cx) {
    apiVersionOf(cx.url, keyVaultVersions)
    const { id, vault } = await located(cx)
    const found = await cx.store.vaultObjects.version(cx.grant, { vault, kind: 'keys', name: id.name })
    if (!found) throw resourceNotFound(id)
    return Response.json(shown(cx, vault, found))
  },
})

const list = operation({
  name: `${vaultKeysType}/read`,
  route: `GET ${contents.collection}`,
  access: { verb: 'read', action: `${vaultKeysType}/read`, on: contents.onVault },
  run(cx) {
    apiVersionOf(cx.url, keyVaultVersions)
    return contents.listed(cx, (vault, row) => shown(cx, vault, row))
  },
})

const versions = operation({
  name: `${vaultKeyVersionsType}/read`,
  route: `GET ${item}/versions`,
  access: { verb: 'read', action: `${vaultKeyVersionsType}/read`, on },
  async run(cx) {
    apiVersionOf(cx.url, keyVaultVersions)
    const { vault, object } = await keyOf(cx)
    const place = { vault, kind: 'keys', name: object.name } as const
    const after = cx.url.searchParams.get('$skiptoken') ?? ''
    const found = await cx.store.vaultObjects.versions(cx.grant, place, { after, limit: pageSize + 1 })
    const page = found.slice(0, pageSize)
    return Response.json({
      value: page.map(version => shownVersion(cx, vault, { object, version })),
      ...(found.length > pageSize ? { nextLink: nextPage(cx.url, page.at(-1)?.version) } : {}),
    })
  },
})

const getVersion = operation({
  name: `${vaultKeyVersionsType}/read`,
  route: `GET ${item}/versions/:version`,
  access: { verb: 'read', action: `${vaultKeyVersionsType}/read`, on },
  async run(cx) {
    apiVersionOf(cx.url, keyVaultVersions)
    const { vault, object } = await keyOf(cx)
    const { version = '' } = cx.params
    const found = await cx.store.vaultObjects.version(cx.grant, { vault, kind: 'keys', name: object.name }, version)
    if (!found) throw resourceNotFound(resourceId(filled(`${item}/versions/:version`, cx.params)))
    return Response.json(shownVersion(cx, vault, found))
  },
})

async function keyOf(cx: Context<'read'>): Promise<FoundVersion & { vault: Vault }> {
  const { id, vault } = await located(cx)
  const found = await cx.store.vaultObjects.version(cx.grant, { vault, kind: 'keys', name: id.name })
  if (!found) throw resourceNotFound(id)
  return { vault, ...found }
}

function shownVersion(cx: Context<Verb>, vault: Vault, found: FoundVersion) {
  const { rotationPolicy: _ofTheKey, ...properties } = shown(cx, vault, found).properties
  const { version } = found.version
  const { id, ...envelope } = contents.envelope(vault, found)
  return { ...envelope, id: `${id}/versions/${version}`, name: version, type: vaultKeyVersionsType, properties }
}

function shown(cx: Context<Verb>, vault: Vault, found: FoundVersion) {
  const { kty, keyOps, publicKey } = found.version.body as KeyBody
  const keyUri = contents.uriOf(cx, vault, found.object.name)
  const { lifetimeActions, expiryTime } = rotationPolicyOf(found.object)
  return {
    ...contents.envelope(vault, found),
    properties: {
      attributes: { ...shownAttributes(found), exportable: false },
      kty,
      keyOps,
      ...(publicKey.n === undefined ? {} : { keySize: Buffer.from(publicKey.n, 'base64url').length * 8 }),
      ...(publicKey.crv === undefined ? {} : { curveName: publicKey.crv }),
      keyUri,
      keyUriWithVersion: `${keyUri}/${found.version.version}`,
      ...(lifetimeActions === undefined
        ? {}
        : { rotationPolicy: { lifetimeActions, attributes: expiryTime === undefined ? {} : { expiryTime } } }),
    },
  }
}

export const vaultKeyOperations: readonly Operation[] = [put, get, list, versions, getVersion]
