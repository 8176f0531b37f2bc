import { randomUUID } from 'node:crypto'
import type { Kysely, Selectable } from 'kysely'
import { type ResourceId, resourceId } from '../../wire/resource-id.ts'
import { type Change, demand, type Grant, shows } from '../access/grant.ts'
import type { Clock } from '../clock.ts'
import type { ResourceTable, Tables } from './tables.ts'

/** What ARM keeps of any resource besides its id. Whatever else the caller sent stays in it, too. */
export type ResourceBody = {
  location?: string
  tags?: Record<string, string>
  identity?: ResourceIdentity
  properties: Record<string, unknown>
  [member: string]: unknown
}

export type ResourceIdentity = {
  type: string
  principalId?: string
  tenantId?: string
  userAssignedIdentities?: Record<string, { clientId?: string; principalId?: string }>
}

export type Resource = {
  readonly id: ResourceId
  readonly etag: string
  readonly createdAt: number
  readonly changedAt: number
  readonly body: ResourceBody
}

/**
 * Which rows of the tree: those that lie directly in a container, or all resources of a subscription or resource
 * group, at any depth; the groups themselves are not among these.
 */
export type Listing = { in: string; type?: string } | { below: { subscription: string; group?: string }; type?: string }

export type Page = { after?: string; limit: number }

export type ResourceReads = {
  get(grant: Grant, id: ResourceId): Promise<Resource | undefined>
  /** At most `limit` resources, ordered by id, beginning behind the id key `after`. */
  list(grant: Grant, what: Listing, page: Page): Promise<Resource[]>
  /** How many of a type lie directly in a container. */
  count(grant: Grant, what: { in: string; type: string }): Promise<number>
  /** All of a type, wherever they are: for background work. */
  ofType(grant: Grant<never>, type: string): Promise<Resource[]>
}

export type ResourceWrites = ResourceReads & {
  put(grant: Grant<Change>, id: ResourceId, body: ResourceBody): Promise<Resource>
  /** What lies below the resource goes with it. */
  remove(grant: Grant<Change>, id: ResourceId): Promise<boolean>
}

const read = (row: Selectable<ResourceTable>): Resource => ({
  id: resourceId(row.id),
  etag: row.etag,
  createdAt: row.created_at,
  changedAt: row.changed_at,
  body: JSON.parse(row.json),
})

export function resourceReads(db: Kysely<Tables>): ResourceReads {
  return {
    async get(grant, id) {
      demand(grant, id.text)
      const row = await db.selectFrom('resources').selectAll().where('id_key', '=', id.key).executeTakeFirst()
      return row && read(row)
    },

    async list(grant, what, page) {
      demand(grant, 'in' in what ? what.in : scopeOf(what.below))
      let query = db.selectFrom('resources').selectAll().orderBy('id_key')
      if ('in' in what) {
        query = query.where('container_key', '=', what.in.toLowerCase())
      } else {
        query = query
          .where('subscription_key', '=', what.below.subscription.toLowerCase())
          .where('group_key', '!=', '')
          .where('type_key', '!=', 'microsoft.resources/resourcegroups')
        if (what.below.group !== undefined) query = query.where('group_key', '=', what.below.group.toLowerCase())
      }
      if (what.type !== undefined) query = query.where('type_key', '=', what.type.toLowerCase())
      // Rows that the grant may not show are passed over here, so a page is full whenever there is more to see.
      const found: Resource[] = []
      let after = page.after ?? ''
      while (found.length < page.limit) {
        const rows = await query.where('id_key', '>', after).limit(page.limit).execute()
        found.push(...rows.map(read).filter(resource => shows(grant, resource.id.text)))
        const last = rows.at(-1)
        if (!last || rows.length < page.limit) break
        after = last.id_key
      }
      return found.slice(0, page.limit)
    },

    async count(grant, what) {
      demand(grant, what.in)
      const { found } = await db
        .selectFrom('resources')
        .select(eb => eb.fn.countAll<number>().as('found'))
        .where('container_key', '=', what.in.toLowerCase())
        .where('type_key', '=', what.type.toLowerCase())
        .executeTakeFirstOrThrow()
      return found
    },

    async ofType(grant, type) {
      demand(grant, '/')
      const rows = await db
        .selectFrom('resources')
        .selectAll()
        .where('type_key', '=', type.toLowerCase())
        .orderBy('id_key')
        .execute()
      return rows.map(read)
    },
  }
}

const scopeOf = (below: { subscription: string; group?: string }) =>
  `/subscriptions/${below.subscription}${below.group === undefined ? '' : `/resourceGroups/${below.group}`}`

export function resourceWrites(db: Kysely<Tables>, clock: Clock): ResourceWrites {
  return {
    ...resourceReads(db),

    async put(grant, id, body) {
      demand(grant, id.text)
      const now = clock.now()
      const changing = { json: JSON.stringify(body), etag: randomUUID(), changed_at: now }
      const row = await db
        .insertInto('resources')
        .values({
          id_key: id.key,
          id: id.text,
          type_key: id.type.toLowerCase(),
          container_key: id.container.toLowerCase(),
          subscription_key: id.subscriptionId.toLowerCase(),
          group_key: id.resourceGroup.toLowerCase(),
          name: id.name,
          created_at: now,
          ...changing,
        })
        .onConflict(conflict => conflict.column('id_key').doUpdateSet(changing))
        .returningAll()
        .executeTakeFirstOrThrow()
      return read(row)
    },

    async remove(grant, id) {
      demand(grant, id.text)
      // SQL text order puts everything below an id between `id/` and `id0` ('0' follows '/').
      const result = await db
        .deleteFrom('resources')
        .where(eb =>
          eb.or([
            eb('id_key', '=', id.key),
            eb.and([eb('id_key', '>=', `${id.key}/`), eb('id_key', '<', `${id.key}0`)]),
          ]),
        )
        .executeTakeFirst()
      return result.numDeletedRows > 0n
    },
  }
}
