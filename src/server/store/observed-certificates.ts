import type { Kysely } from 'kysely'
import type { ObservedCertificate } from '../../wire/agent-report.ts'
import { type Change, demand, type Grant } from '../access/grant.ts'
import type { Tables } from './tables.ts'

/** What a machine has said that it keeps from vaults, and when it said so first. */
export type SaidCertificates = { readonly certificates: readonly ObservedCertificate[]; readonly saidAt: number }

export type ObservedCertificateReads = {
  /** By the id of the machine's agent; undefined for one that keeps none, or has never said so. */
  get(grant: Grant, machine: string): Promise<SaidCertificates | undefined>
}

export type ObservedCertificateWrites = ObservedCertificateReads & {
  /** In place of what it said before. */
  put(grant: Grant<Change>, machine: string, said: SaidCertificates): Promise<void>
  remove(grant: Grant<Change>, machine: string): Promise<void>
}

export function observedCertificateReads(db: Kysely<Tables>): ObservedCertificateReads {
  return {
    async get(grant, machine) {
      demand(grant)
      const row = await db
        .selectFrom('observed_certificates')
        .selectAll()
        .where('machine', '=', machine)
        .executeTakeFirst()
      return row && { certificates: JSON.parse(row.json), saidAt: row.said_at }
    },
  }
}

export function observedCertificateWrites(db: Kysely<Tables>): ObservedCertificateWrites {
  return {
    ...observedCertificateReads(db),
    async put(grant, machine, { certificates, saidAt }) {
      demand(grant)
      const said = { json: JSON.stringify(certificates), said_at: saidAt }
      await db
        .insertInto('observed_certificates')
        .values({ machine, ...said })
        .onConflict(conflict => conflict.column('machine').doUpdateSet(said))
        .execute()
    },
    async remove(grant, machine) {
      demand(grant)
      await db.deleteFrom('observed_certificates').where('machine', '=', machine).execute()
    },
  }
}
