import type { Kysely, Selectable } from 'kysely'
import { type Change, demand, type Grant } from '../access/grant.ts'
import type { Clock } from '../clock.ts'
import { afresh, type Remember } from './remember.ts'
import type { CredentialTable, PrincipalTable, Tables } from './tables.ts'

/** Whoever can hold a role. `client_id` is the application id of a service principal. */
export type Principal = {
  readonly objectId: string
  readonly kind: 'user' | 'application' | 'managedIdentity'
  readonly displayName: string
  readonly clientId?: string
  readonly userPrincipalName?: string
  /** The resource a managed identity belongs to: a machine, or the user-assigned identity itself. */
  readonly resourceId?: string
  /** The object id of the application that stands behind an application's service principal. */
  readonly applicationObjectId?: string
  /** A user that may not sign in, and whose tokens are refused. */
  readonly disabled?: true
  /** What the directory's API shows of a user or service principal besides, and nothing here acts upon. */
  readonly profile?: Readonly<Record<string, unknown>>
  readonly createdAt: number
}

export type Credential = {
  readonly id: string
  readonly objectId: string
  readonly kind: 'password' | 'secret' | 'certificate' | 'federated'
  readonly verifier: string
  readonly displayName?: string
  readonly startsAt?: number
  readonly expiresAt?: number
  /** The first characters of a secret, or a certificate's thumbprint: what a person recognises it by. */
  readonly hint?: string
}

type PrincipalKey = { objectId: string } | { clientId: string } | { userPrincipalName: string } | { resourceId: string }

export type PrincipalReads = {
  get(grant: Grant, key: PrincipalKey): Promise<Principal | undefined>
  list(grant: Grant, kinds: readonly Principal['kind'][]): Promise<Principal[]>
  credentials(grant: Grant, objectId: string): Promise<readonly Credential[]>
}

export type PrincipalWrites = PrincipalReads & {
  put(grant: Grant<Change>, principal: Omit<Principal, 'createdAt'>): Promise<Principal>
  /** Takes its credentials with it. Role assignments stay, as they do in Azure. */
  remove(grant: Grant<Change>, objectId: string): Promise<boolean>
  putCredential(grant: Grant<Change>, credential: Credential): Promise<void>
  removeCredential(grant: Grant<Change>, id: string): Promise<boolean>
}

const readPrincipal = (row: Selectable<PrincipalTable>): Principal => ({
  ...JSON.parse(row.json),
  objectId: row.object_id,
  kind: row.kind,
  displayName: row.display_name,
  ...(row.client_id === null ? {} : { clientId: row.client_id }),
  createdAt: row.created_at,
})

const readCredential = (row: Selectable<CredentialTable>): Credential => ({
  ...JSON.parse(row.json),
  id: row.id,
  objectId: row.object_id,
  kind: row.kind,
  verifier: row.verifier,
  ...(row.expires_at === null ? {} : { expiresAt: row.expires_at }),
})

export function principalReads(db: Kysely<Tables>, remember: Remember): PrincipalReads {
  const find = remember(async (key: PrincipalKey) => {
    const query = db.selectFrom('principals').selectAll()
    const row = await ('objectId' in key
      ? query.where('object_id', '=', key.objectId.toLowerCase())
      : 'clientId' in key
        ? query.where('client_id', '=', key.clientId.toLowerCase())
        : 'resourceId' in key
          ? query.where('resource_key', '=', key.resourceId.toLowerCase())
          : query.where('user_principal_name_key', '=', key.userPrincipalName.toLowerCase())
    ).executeTakeFirst()
    return row && readPrincipal(row)
  })
  const credentialsOf = remember(async (objectId: string) => {
    const query = db.selectFrom('credentials').selectAll().where('object_id', '=', objectId).orderBy('id')
    return (await query.execute()).map(readCredential)
  })
  return {
    get(grant, key) {
      demand(grant)
      return find(key)
    },

    async list(grant, kinds) {
      demand(grant)
      const rows = await db
        .selectFrom('principals')
        .selectAll()
        .where('kind', 'in', kinds)
        .orderBy('object_id')
        .execute()
      return rows.map(readPrincipal)
    },

    async credentials(grant, objectId) {
      demand(grant)
      return credentialsOf(objectId)
    },
  }
}

export function principalWrites(db: Kysely<Tables>, clock: Clock): PrincipalWrites {
  return {
    ...principalReads(db, afresh),

    async put(grant, principal) {
      demand(grant)
      const { objectId, kind, displayName, clientId, ...rest } = principal
      const changing = {
        kind,
        client_id: clientId ?? null,
        user_principal_name_key: principal.userPrincipalName?.toLowerCase() ?? null,
        display_name: displayName,
        resource_key: principal.resourceId?.toLowerCase() ?? null,
        json: JSON.stringify(rest),
      }
      const row = await db
        .insertInto('principals')
        .values({ object_id: objectId, created_at: clock.now(), ...changing })
        .onConflict(conflict => conflict.column('object_id').doUpdateSet(changing))
        .returningAll()
        .executeTakeFirstOrThrow()
      return readPrincipal(row)
    },

    async remove(grant, objectId) {
      demand(grant)
      await db.deleteFrom('credentials').where('object_id', '=', objectId).execute()
      const result = await db.deleteFrom('principals').where('object_id', '=', objectId).executeTakeFirst()
      return result.numDeletedRows > 0n
    },

    async putCredential(grant, credential) {
      demand(grant)
      const { id, objectId, kind, verifier, expiresAt, ...rest } = credential
      const values = {
        id,
        object_id: objectId,
        kind,
        verifier,
        expires_at: expiresAt ?? null,
        json: JSON.stringify(rest),
      }
      await db
        .insertInto('credentials')
        .values(values)
        .onConflict(conflict => conflict.column('id').doUpdateSet(values))
        .execute()
    },

    async removeCredential(grant, id) {
      demand(grant)
      const result = await db.deleteFrom('credentials').where('id', '=', id).executeTakeFirst()
      return result.numDeletedRows > 0n
    },
  }
}
