import { createHash } from 'node:crypto'
import type { Kysely } from 'kysely'
import { type Change, demand, type Grant } from '../access/grant.ts'
import type { Tables } from './tables.ts'

/**
 * Short-lived things that a secret string stands for: refresh tokens, authorization codes, device codes, sign-in pages.
 * Only the hash of the string is kept. `Content` is the kind's own shape.
 */
export type Session<Content> = { readonly kind: string; readonly content: Content; readonly expiresAt: number }

export type SessionReads = {
  /** Undefined when there is none, or its time is over. */
  get<Content>(grant: Grant, kind: string, secret: string, now: number): Promise<Session<Content> | undefined>
}

export type SessionWrites = SessionReads & {
  put<Content>(grant: Grant<Change>, secret: string, session: Session<Content>): Promise<void>
  /** Answers whether it was there: of two clients that redeem the same code, one gets true. */
  remove(grant: Grant<Change>, secret: string): Promise<boolean>
  removeExpired(grant: Grant<never>, now: number): Promise<void>
}

const hashOf = (secret: string) => createHash('sha256').update(secret).digest('base64url')

export function sessionReads(db: Kysely<Tables>): SessionReads {
  return {
    async get(grant, kind, secret, now) {
      demand(grant)
      const row = await db
        .selectFrom('sessions')
        .selectAll()
        .where('id_hash', '=', hashOf(secret))
        .where('kind', '=', kind)
        .where('expires_at', '>', now)
        .executeTakeFirst()
      return row && { kind: row.kind, content: JSON.parse(row.json), expiresAt: row.expires_at }
    },
  }
}

export function sessionWrites(db: Kysely<Tables>): SessionWrites {
  return {
    ...sessionReads(db),

    async put(grant, secret, session) {
      demand(grant)
      const changing = { kind: session.kind, json: JSON.stringify(session.content), expires_at: session.expiresAt }
      await db
        .insertInto('sessions')
        .values({ id_hash: hashOf(secret), ...changing })
        .onConflict(conflict => conflict.column('id_hash').doUpdateSet(changing))
        .execute()
    },

    async remove(grant, secret) {
      demand(grant)
      const result = await db.deleteFrom('sessions').where('id_hash', '=', hashOf(secret)).executeTakeFirst()
      return result.numDeletedRows > 0n
    },

    async removeExpired(grant, now) {
      demand(grant, '/')
      await db.deleteFrom('sessions').where('expires_at', '<=', now).execute()
    },
  }
}
