import type { Kysely } from 'kysely'
import { demand, type Grant } from '../access/grant.ts'
import type { Sealing } from './sealing.ts'
import type { Tables } from './tables.ts'

/** A key of the token authority. The private key is PKCS#8 DER, sealed at rest. */
export type SigningKey = {
  readonly kid: string
  readonly privateKey: Uint8Array
  readonly publicJwk: Record<string, unknown>
  readonly createdAt: number
  /** When it stopped signing. It stays published until the last token that it signed has expired. */
  readonly retiredAt?: number
}

export type SigningKeyReads = { list(grant: Grant<never>): Promise<SigningKey[]> }
export type SigningKeyWrites = SigningKeyReads & {
  put(grant: Grant<never>, key: SigningKey): Promise<void>
  remove(grant: Grant<never>, kid: string): Promise<void>
}

const context = (kid: string) => `signing key ${kid}`

export function signingKeyReads(db: Kysely<Tables>, sealing: Sealing): SigningKeyReads {
  return {
    async list(grant) {
      demand(grant, '/')
      const rows = await db.selectFrom('signing_keys').selectAll().orderBy('created_at', 'desc').execute()
      return rows.map(row => ({
        kid: row.kid,
        privateKey: sealing.open(context(row.kid), row.sealed_private_key),
        publicJwk: JSON.parse(row.public_jwk),
        createdAt: row.created_at,
        ...(row.retired_at === null ? {} : { retiredAt: row.retired_at }),
      }))
    },
  }
}

export function signingKeyWrites(db: Kysely<Tables>, sealing: Sealing): SigningKeyWrites {
  return {
    ...signingKeyReads(db, sealing),

    async put(grant, key) {
      demand(grant, '/')
      const retired = { retired_at: key.retiredAt ?? null }
      await db
        .insertInto('signing_keys')
        .values({
          kid: key.kid,
          sealed_private_key: sealing.seal(context(key.kid), key.privateKey),
          public_jwk: JSON.stringify(key.publicJwk),
          created_at: key.createdAt,
          ...retired,
        })
        .onConflict(conflict => conflict.column('kid').doUpdateSet(retired))
        .execute()
    },

    async remove(grant, kid) {
      demand(grant, '/')
      await db.deleteFrom('signing_keys').where('kid', '=', kid).execute()
    },
  }
}
