import type { Kysely } from 'kysely'
import { demand, type Grant } from '../access/grant.ts'
import type { Tables } from './tables.ts'

/** Single values of this installation: the tenant's id, its name, the shift of the clock. */
export type SettingReads = { get(grant: Grant<never>, name: string): Promise<string | undefined> }
export type SettingWrites = SettingReads & { put(grant: Grant<never>, name: string, value: string): Promise<void> }

export function settingReads(db: Kysely<Tables>): SettingReads {
  return {
    async get(grant, name) {
      demand(grant, '/')
      return (await db.selectFrom('settings').select('value').where('name', '=', name).executeTakeFirst())?.value
    },
  }
}

export function settingWrites(db: Kysely<Tables>): SettingWrites {
  return {
    ...settingReads(db),
    async put(grant, name, value) {
      demand(grant, '/')
      await db
        .insertInto('settings')
        .values({ name, value })
        .onConflict(conflict => conflict.column('name').doUpdateSet({ value }))
        .execute()
    },
  }
}
