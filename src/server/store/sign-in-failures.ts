import type { Kysely } from 'kysely'
import { demand, type Grant } from '../access/grant.ts'
import type { Tables } from './tables.ts'

/** How often signing in has failed in a row, per account and per source address. Kept on disk: a restart is no amnesty. */
export type SignInFailures = {
  get(grant: Grant<never>, subject: string): Promise<{ failures: number; blockedUntil: number } | undefined>
  put(grant: Grant<never>, subject: string, state: { failures: number; blockedUntil: number }): Promise<void>
  clear(grant: Grant<never>, subjects: readonly string[]): Promise<void>
}

export function signInFailures(db: Kysely<Tables>): SignInFailures {
  return {
    async get(grant, subject) {
      demand(grant, '/')
      const row = await db.selectFrom('sign_in_failures').selectAll().where('subject', '=', subject).executeTakeFirst()
      return row && { failures: row.failures, blockedUntil: row.blocked_until }
    },
    async put(grant, subject, { failures, blockedUntil }) {
      demand(grant, '/')
      const state = { failures, blocked_until: blockedUntil }
      await db
        .insertInto('sign_in_failures')
        .values({ subject, ...state })
        .onConflict(conflict => conflict.column('subject').doUpdateSet(state))
        .execute()
    },
    async clear(grant, subjects) {
      demand(grant, '/')
      await db.deleteFrom('sign_in_failures').where('subject', 'in', subjects).execute()
    },
  }
}
