import type { Kysely } from 'kysely'
import { demand, type Grant } from '../access/grant.ts'
import { afresh, type Remember } from './remember.ts'
import type { Tables } from './tables.ts'

export type SignInFailureState = { readonly failures: number; readonly blockedUntil: number }

/** How often signing in has failed in a row, per account and per source address. Kept on disk: a restart is no amnesty. */
export type SignInFailureReads = {
  get(grant: Grant<never>, subject: string): Promise<SignInFailureState | undefined>
}

export type SignInFailureWrites = SignInFailureReads & {
  put(grant: Grant<never>, subject: string, state: SignInFailureState): Promise<void>
  clear(grant: Grant<never>, subjects: readonly string[]): Promise<void>
  /** Forgets the subjects whose block ended before `time`. */
  removeBefore(grant: Grant<never>, time: number): Promise<void>
}

export function signInFailureReads(db: Kysely<Tables>, remember: Remember): SignInFailureReads {
  const find = remember(async (subject: string) => {
    const row = await db.selectFrom('sign_in_failures').selectAll().where('subject', '=', subject).executeTakeFirst()
    return row && { failures: row.failures, blockedUntil: row.blocked_until }
  })
  return {
    async get(grant, subject) {
      demand(grant, '/')
      return find(subject)
    },
  }
}

export function signInFailureWrites(db: Kysely<Tables>): SignInFailureWrites {
  return {
    ...signInFailureReads(db, afresh),
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
    async removeBefore(grant, time) {
      demand(grant, '/')
      await db.deleteFrom('sign_in_failures').where('blocked_until', '<', time).execute()
    },
  }
}
