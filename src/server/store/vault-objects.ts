import type { Kysely, Selectable } from 'kysely'
import { type Change, demand, type Grant } from '../access/grant.ts'
import type { Clock } from '../clock.ts'
import { afresh, type Remember } from './remember.ts'
import { type Sealing, sealingWith } from './sealing.ts'
import type { Tables, VaultObjectTable, VaultVersionTable } from './tables.ts'
import { vaultKeyContext } from './vaults.ts'

/**
 * What a vault holds: objects of three kinds, each with versions. Most of it can be seen by whoever may list; a secret's
 * value and a key's private part are sealed with the vault's own key, and opened only by `unseal`.
 */

export type ObjectKind = 'secrets' | 'keys' | 'certificates'

export type VaultPlace = { readonly name: string; readonly id: { readonly text: string } }

export type ObjectPlace = { readonly vault: VaultPlace; readonly kind: ObjectKind; readonly name: string }

/** Also where a vault keeps what is no object, such as who issues certificates: it has no versions. */
export type KeptPlace = Omit<ObjectPlace, 'kind'> & { readonly kind: ObjectKind | 'settings' }

export type VaultObject = {
  /** As its maker wrote it; names are compared without regard to case. */
  readonly name: string
  readonly currentVersion?: string
  /** A key or secret that belongs to the certificate of its name. */
  readonly managed: boolean
  /** What a kind keeps for all versions, such as a certificate's policy. Nothing secret. */
  readonly body: Readonly<Record<string, unknown>>
  readonly createdAt: number
  readonly deletedAt?: number
  readonly purgeAt?: number
}

export type ObjectVersion = {
  readonly version: string
  readonly previousVersion?: string
  readonly enabled: boolean
  /** Seconds since 1970, as clients see them. */
  readonly notBefore?: number
  readonly expires?: number
  readonly tags?: Readonly<Record<string, string>>
  /** What a kind keeps of a version, such as a content type or a public key. Nothing secret. */
  readonly body: Readonly<Record<string, unknown>>
  readonly createdAt: number
  readonly updatedAt: number
}

export type DueObject = { readonly vaultName: string } & Pick<KeptPlace, 'kind' | 'name'>

export type FoundVersion = { readonly object: VaultObject; readonly version: ObjectVersion }

/** At most `limit`, beginning behind the name or version `after`, in the order of these in lower case. */
export type ObjectPage = { readonly after?: string; readonly limit: number }

export type VaultObjectReads = {
  /** Live or deleted, as `deletedAt` tells. */
  get(grant: Grant, place: KeptPlace): Promise<VaultObject | undefined>
  /** One version, or the newest, of an object that is not deleted; or of one that is. */
  version(
    grant: Grant,
    place: ObjectPlace,
    version?: string,
    of?: 'live' | 'deleted',
  ): Promise<FoundVersion | undefined>
  /** Objects with their newest version. Those without a version are left out. */
  list(
    grant: Grant,
    where: { vault: VaultPlace; kind: ObjectKind; deleted: boolean },
    page: ObjectPage,
  ): Promise<FoundVersion[]>
  versions(grant: Grant, place: ObjectPlace, page: ObjectPage): Promise<ObjectVersion[]>
  /** What of live vaults has to be done by now, what has waited longest first. */
  due(grant: Grant, limit: number): Promise<DueObject[]>
  /** The sealed part of a version, or of the object when no version is named, also of a deleted one. */
  unseal(grant: Grant, place: KeptPlace, version?: string): Promise<Buffer | undefined>
}

export type VaultObjectWrites = VaultObjectReads & {
  /** Makes the object, or changes what it keeps for all versions. `secret` is sealed; null takes it away. */
  put(
    grant: Grant<Change>,
    place: KeptPlace,
    object: { body: VaultObject['body']; managed?: boolean; secret?: Uint8Array | string | null },
  ): Promise<void>
  /** Makes a version, which becomes the newest unless `current` is false. */
  addVersion(
    grant: Grant<Change>,
    place: ObjectPlace,
    version: ObjectVersion & { secret?: Uint8Array | string },
    options?: { current: boolean },
  ): Promise<void>
  /** Changes attributes, tags and body. What is sealed stays. */
  putVersion(grant: Grant<Change>, place: ObjectPlace, version: ObjectVersion): Promise<void>
  setCurrent(grant: Grant<Change>, place: ObjectPlace, version: string): Promise<void>
  /** When something has to be done with the object by itself, in milliseconds; undefined is never. */
  setDue(grant: Grant<Change>, place: KeptPlace, at: number | undefined): Promise<void>
  softDelete(grant: Grant<Change>, place: ObjectPlace, purgeAt: number): Promise<void>
  recover(grant: Grant<Change>, place: ObjectPlace): Promise<void>
  purge(grant: Grant<Change>, place: ObjectPlace): Promise<void>
}

const scopeOf = ({ vault, kind, name }: KeptPlace) => `${vault.id.text}/${kind}/${name}`

const keyOf = ({ vault, kind, name }: KeptPlace) => ({
  vault_key: vault.name.toLowerCase(),
  kind,
  name_key: name.toLowerCase(),
})
type Key = ReturnType<typeof keyOf>

const contextOf = ({ vault_key, kind, name_key }: Key, version?: string) =>
  [vault_key, kind, name_key, ...(version === undefined ? [] : [version])].join('/')

const readObject = (row: Selectable<VaultObjectTable>): VaultObject => ({
  name: row.name,
  ...(row.current_version === null ? {} : { currentVersion: row.current_version }),
  managed: row.managed === 1,
  body: JSON.parse(row.json),
  createdAt: row.created_at,
  ...(row.deleted_at === null ? {} : { deletedAt: row.deleted_at }),
  ...(row.purge_at === null ? {} : { purgeAt: row.purge_at }),
})

const readVersion = (row: Omit<Selectable<VaultVersionTable>, 'sealed'>): ObjectVersion => ({
  ...JSON.parse(row.json),
  version: row.version,
  ...(row.previous_version === null ? {} : { previousVersion: row.previous_version }),
  enabled: row.enabled === 1,
  ...(row.not_before === null ? {} : { notBefore: row.not_before }),
  ...(row.expires === null ? {} : { expires: row.expires }),
  createdAt: row.created_at,
  updatedAt: row.updated_at,
})

const changingColumns = ({ enabled, notBefore, expires, tags, body, updatedAt }: ObjectVersion) => ({
  enabled: enabled ? (1 as const) : (0 as const),
  not_before: notBefore ?? null,
  expires: expires ?? null,
  json: JSON.stringify({ ...(tags ? { tags } : {}), body }),
  updated_at: updatedAt,
})

const versionColumns = [
  'vault_key',
  'kind',
  'name_key',
  'version',
  'previous_version',
  'enabled',
  'not_before',
  'expires',
  'json',
  'created_at',
  'updated_at',
] as const

export function vaultObjectReads(
  db: Kysely<Tables>,
  clock: Clock,
  sealing: Sealing,
  remember: Remember,
): VaultObjectReads {
  const findObject = remember(async ({ vault_key, kind, name_key }: Key) => {
    const row = await db
      .selectFrom('vault_objects')
      .selectAll()
      .where('vault_key', '=', vault_key)
      .where('kind', '=', kind)
      .where('name_key', '=', name_key)
      .executeTakeFirst()
    return row && readObject(row)
  })
  const findVersion = remember(async ({ vault_key, kind, name_key, version }: Key & { version: string }) => {
    const row = await db
      .selectFrom('vault_versions')
      .select([...versionColumns, 'sealed'])
      .where('vault_key', '=', vault_key)
      .where('kind', '=', kind)
      .where('name_key', '=', name_key)
      .where('version', '=', version)
      .executeTakeFirst()
    return row && { version: readVersion(row), sealed: row.sealed }
  })
  const vaultSealing = vaultSealings(db, sealing, remember)

  const present = async (key: Key) => {
    const found = await findObject(key)
    return found && !(found.purgeAt !== undefined && found.purgeAt <= clock.now()) ? found : undefined
  }

  return {
    async get(grant, place) {
      demand(grant, scopeOf(place))
      return present(keyOf(place))
    },

    async version(grant, place, version, of = 'live') {
      demand(grant, scopeOf(place))
      const key = keyOf(place)
      const object = await present(key)
      const wanted = version?.toLowerCase() ?? object?.currentVersion
      const isDeleted = object?.deletedAt !== undefined
      if (!object || isDeleted !== (of === 'deleted') || wanted === undefined) return undefined
      const found = await findVersion({ ...key, version: wanted })
      return found && { object, version: found.version }
    },

    async list(grant, { vault, kind, deleted }, { after = '', limit }) {
      demand(grant, vault.id.text)
      let query = db
        .selectFrom('vault_objects')
        .selectAll()
        .where('vault_key', '=', vault.name.toLowerCase())
        .where('kind', '=', kind)
        .where('current_version', 'is not', null)
        .where('name_key', '>', after.toLowerCase())
        .orderBy('name_key')
        .limit(limit)
      query = deleted ? query.where('purge_at', '>', clock.now()) : query.where('deleted_at', 'is', null)
      const objects = (await query.execute()).map(readObject)
      const found: FoundVersion[] = []
      for (const object of objects) {
        const key = { ...keyOf({ vault, kind, name: object.name }), version: object.currentVersion ?? '' }
        const newest = await findVersion(key)
        if (newest) found.push({ object, version: newest.version })
      }
      return found
    },

    async versions(grant, place, { after = '', limit }) {
      demand(grant, scopeOf(place))
      const { vault_key, kind, name_key } = keyOf(place)
      const rows = await db
        .selectFrom('vault_versions')
        .select(versionColumns)
        .where('vault_key', '=', vault_key)
        .where('kind', '=', kind)
        .where('name_key', '=', name_key)
        .where('version', '>', after)
        .orderBy('version')
        .limit(limit)
        .execute()
      return rows.map(readVersion)
    },

    async due(grant, limit) {
      demand(grant, '/')
      const rows = await db
        .selectFrom('vault_objects')
        .innerJoin('vaults', 'vaults.name_key', 'vault_objects.vault_key')
        .select(['vault_objects.vault_key', 'vault_objects.kind', 'vault_objects.name'])
        .where('vault_objects.due_at', '<=', clock.now())
        .where('vault_objects.deleted_at', 'is', null)
        .where('vaults.deleted_at', 'is', null)
        .orderBy('vault_objects.due_at')
        .limit(limit)
        .execute()
      return rows.map(({ vault_key, kind, name }) => ({ vaultName: vault_key, kind, name }))
    },

    async unseal(grant, place, version) {
      demand(grant, scopeOf(place))
      const key = keyOf(place)
      const sealed =
        version === undefined
          ? await sealedOfObject(db, key)
          : (await findVersion({ ...key, version: version.toLowerCase() }))?.sealed
      if (!sealed) return undefined
      return (await vaultSealing(key.vault_key)).open(contextOf(key, version?.toLowerCase()), sealed)
    },
  }
}

const sealedOfObject = async (db: Kysely<Tables>, { vault_key, kind, name_key }: Key) =>
  (
    await db
      .selectFrom('vault_objects')
      .select('sealed')
      .where('vault_key', '=', vault_key)
      .where('kind', '=', kind)
      .where('name_key', '=', name_key)
      .executeTakeFirst()
  )?.sealed

function vaultSealings(db: Kysely<Tables>, sealing: Sealing, remember: Remember) {
  return remember(async (vaultKey: string): Promise<Sealing> => {
    const row = await db
      .selectFrom('vaults')
      .select('sealed_key')
      .where('name_key', '=', vaultKey)
      .executeTakeFirstOrThrow()
    return sealingWith(sealing.open(vaultKeyContext(vaultKey), row.sealed_key))
  })
}

export function vaultObjectWrites(db: Kysely<Tables>, clock: Clock, sealing: Sealing): VaultObjectWrites {
  const vaultSealing = vaultSealings(db, sealing, afresh)
  const seal = async (key: Key, version: string | undefined, secret: Uint8Array | string) =>
    (await vaultSealing(key.vault_key)).seal(contextOf(key, version), secret)

  const change = async (
    place: KeptPlace,
    set: Partial<Pick<VaultObjectTable, 'current_version' | 'deleted_at' | 'purge_at' | 'due_at'>>,
  ) => {
    const { vault_key, kind, name_key } = keyOf(place)
    await db
      .updateTable('vault_objects')
      .set(set)
      .where('vault_key', '=', vault_key)
      .where('kind', '=', kind)
      .where('name_key', '=', name_key)
      .execute()
  }

  /** One of that name whose time has run out may not have been cleared away yet: nothing of it is the new one's. */
  const dropPastTime = async ({ vault_key, kind, name_key }: Key) => {
    const dropped = await db
      .deleteFrom('vault_objects')
      .where('vault_key', '=', vault_key)
      .where('kind', '=', kind)
      .where('name_key', '=', name_key)
      .where('purge_at', '<=', clock.now())
      .executeTakeFirst()
    if (dropped.numDeletedRows === 0n) return
    await db
      .deleteFrom('vault_versions')
      .where('vault_key', '=', vault_key)
      .where('kind', '=', kind)
      .where('name_key', '=', name_key)
      .execute()
  }

  return {
    ...vaultObjectReads(db, clock, sealing, afresh),

    async put(grant, place, { body, managed, secret }) {
      demand(grant, scopeOf(place))
      const key = keyOf(place)
      await dropPastTime(key)
      const changing = {
        json: JSON.stringify(body),
        ...(managed === undefined ? {} : { managed: managed ? (1 as const) : (0 as const) }),
        ...(secret === undefined ? {} : { sealed: secret === null ? null : await seal(key, undefined, secret) }),
      }
      await db
        .insertInto('vault_objects')
        .values({
          ...key,
          name: place.name,
          current_version: null,
          managed: 0,
          sealed: null,
          created_at: clock.now(),
          deleted_at: null,
          purge_at: null,
          due_at: null,
          ...changing,
        })
        .onConflict(conflict => conflict.columns(['vault_key', 'kind', 'name_key']).doUpdateSet(changing))
        .execute()
    },

    async addVersion(grant, place, { secret, ...version }, { current } = { current: true }) {
      demand(grant, scopeOf(place))
      const key = keyOf(place)
      await db
        .insertInto('vault_versions')
        .values({
          ...key,
          version: version.version,
          previous_version: version.previousVersion ?? null,
          ...changingColumns(version),
          sealed: secret === undefined ? null : await seal(key, version.version, secret),
          created_at: version.createdAt,
        })
        .execute()
      if (current) await change(place, { current_version: version.version })
    },

    async putVersion(grant, place, version) {
      demand(grant, scopeOf(place))
      const { vault_key, kind, name_key } = keyOf(place)
      await db
        .updateTable('vault_versions')
        .set(changingColumns(version))
        .where('vault_key', '=', vault_key)
        .where('kind', '=', kind)
        .where('name_key', '=', name_key)
        .where('version', '=', version.version)
        .execute()
    },

    async setCurrent(grant, place, version) {
      demand(grant, scopeOf(place))
      await change(place, { current_version: version })
    },

    async setDue(grant, place, at) {
      demand(grant, scopeOf(place))
      await change(place, { due_at: at ?? null })
    },

    async softDelete(grant, place, purgeAt) {
      demand(grant, scopeOf(place))
      await change(place, { deleted_at: clock.now(), purge_at: purgeAt })
    },

    async recover(grant, place) {
      demand(grant, scopeOf(place))
      await change(place, { deleted_at: null, purge_at: null })
    },

    async purge(grant, place) {
      demand(grant, scopeOf(place))
      const { vault_key, kind, name_key } = keyOf(place)
      for (const table of ['vault_versions', 'vault_objects'] as const) {
        await db
          .deleteFrom(table)
          .where('vault_key', '=', vault_key)
          .where('kind', '=', kind)
          .where('name_key', '=', name_key)
          .execute()
      }
    },
  }
}
