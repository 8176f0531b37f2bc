import type { Kysely, Selectable } from 'kysely'
import { type Change, demand, type Grant } from '../access/grant.ts'
import type { Clock } from '../clock.ts'
import { afresh, type Remember } from './remember.ts'
import type { ApplicationTable, Tables } from './tables.ts'

/**
 * What someone registered: names, redirect addresses, and, under its object id, credentials. It can hold a role only
 * through its service principal, which is a principal with the same client id and may not exist yet.
 */
export type Application = {
  readonly objectId: string
  readonly clientId: string
  readonly displayName: string
  /** The members that the directory's API shows beside those above, as they were sent. */
  readonly body: Readonly<Record<string, unknown>>
  readonly createdAt: number
}

type ApplicationKey = { objectId: string } | { clientId: string }

export type ApplicationReads = {
  get(grant: Grant, key: ApplicationKey): Promise<Application | undefined>
  list(grant: Grant): Promise<Application[]>
}

export type ApplicationWrites = ApplicationReads & {
  put(grant: Grant<Change>, application: Omit<Application, 'createdAt'>): Promise<Application>
  /** Takes its credentials with it, but not its service principal. */
  remove(grant: Grant<Change>, objectId: string): Promise<boolean>
}

const read = (row: Selectable<ApplicationTable>): Application => ({
  objectId: row.object_id,
  clientId: row.client_id,
  displayName: row.display_name,
  body: JSON.parse(row.json),
  createdAt: row.created_at,
})

export function applicationReads(db: Kysely<Tables>, remember: Remember): ApplicationReads {
  const find = remember(async (key: ApplicationKey) => {
    const query = db.selectFrom('applications').selectAll()
    const row = await ('objectId' in key
      ? query.where('object_id', '=', key.objectId.toLowerCase())
      : query.where('client_id', '=', key.clientId.toLowerCase())
    ).executeTakeFirst()
    return row && read(row)
  })
  return {
    async get(grant, key) {
      demand(grant)
      return find(key)
    },

    async list(grant) {
      demand(grant)
      const rows = await db.selectFrom('applications').selectAll().orderBy('object_id').execute()
      return rows.map(read)
    },
  }
}

export function applicationWrites(db: Kysely<Tables>, clock: Clock): ApplicationWrites {
  return {
    ...applicationReads(db, afresh),

    async put(grant, { objectId, clientId, displayName, body }) {
      demand(grant)
      const changing = { display_name: displayName, json: JSON.stringify(body) }
      const row = await db
        .insertInto('applications')
        .values({ object_id: objectId, client_id: clientId, created_at: clock.now(), ...changing })
        .onConflict(conflict => conflict.column('object_id').doUpdateSet(changing))
        .returningAll()
        .executeTakeFirstOrThrow()
      return read(row)
    },

    async remove(grant, objectId) {
      demand(grant)
      await db.deleteFrom('credentials').where('object_id', '=', objectId).execute()
      const result = await db.deleteFrom('applications').where('object_id', '=', objectId).executeTakeFirst()
      return result.numDeletedRows > 0n
    },
  }
}
