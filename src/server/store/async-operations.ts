import type { Kysely, Selectable } from 'kysely'
import { type Change, demand, type Grant } from '../access/grant.ts'
import type { Sealing } from './sealing.ts'
import type { AsyncOperationTable, Tables } from './tables.ts'

/** Work that goes on after the answer, recorded in the transaction that promised it, so that a crash cannot forget it. */
export type AsyncOperation = {
  readonly id: string
  /** Which piece of code carries it out, such as `Microsoft.Compute/virtualMachines/write`. */
  readonly kind: string
  readonly subscriptionId: string
  /** The resource it is about; who may read that may poll this. */
  readonly target: string
  /** The object id of who asked for it: may poll it even when the right to read went with what was deleted. */
  readonly requestedBy?: string
  readonly status: 'InProgress' | 'Succeeded' | 'Failed' | 'Canceled'
  /** What the work needs besides the target. Sealed at rest: it may hold a password. */
  readonly input?: unknown
  readonly result?: unknown
  readonly error?: { readonly code: string; readonly message: string; readonly [member: string]: unknown }
  readonly createdAt: number
  readonly endedAt?: number
}

export type AsyncOperationReads = {
  get(grant: Grant<never>, id: string): Promise<AsyncOperation | undefined>
  unfinished(grant: Grant<never>): Promise<AsyncOperation[]>
}

export type AsyncOperationWrites = AsyncOperationReads & {
  put(grant: Grant<Change>, operation: AsyncOperation): Promise<void>
  removeEndedBefore(grant: Grant<never>, time: number): Promise<void>
}

export function asyncOperationReads(db: Kysely<Tables>, sealing: Sealing): AsyncOperationReads {
  const read = (row: Selectable<AsyncOperationTable>): AsyncOperation => {
    const { sealedInput, ...rest } = JSON.parse(row.json)
    return {
      ...rest,
      ...(sealedInput === undefined
        ? {}
        : { input: JSON.parse(sealing.open(context(row.id), Buffer.from(sealedInput, 'base64')).toString()) }),
      id: row.id,
      kind: row.kind,
      target: row.target,
      status: row.status,
      createdAt: row.created_at,
      ...(row.ended_at === null ? {} : { endedAt: row.ended_at }),
    }
  }
  return {
    async get(grant, id) {
      demand(grant, '/')
      const row = await db.selectFrom('async_operations').selectAll().where('id', '=', id).executeTakeFirst()
      return row && read(row)
    },
    async unfinished(grant) {
      demand(grant, '/')
      const rows = await db
        .selectFrom('async_operations')
        .selectAll()
        .where('status', '=', 'InProgress')
        .orderBy('created_at')
        .execute()
      return rows.map(read)
    },
  }
}

export function asyncOperationWrites(db: Kysely<Tables>, sealing: Sealing): AsyncOperationWrites {
  return {
    ...asyncOperationReads(db, sealing),

    async put(grant, operation) {
      demand(grant, operation.target)
      const { id, kind, target, status, createdAt, endedAt, input, ...rest } = operation
      const changing = {
        status,
        ended_at: endedAt ?? null,
        // Nothing needs the input once the work is done.
        json: JSON.stringify({
          ...rest,
          ...(input === undefined || status !== 'InProgress'
            ? {}
            : { sealedInput: Buffer.from(sealing.seal(context(id), JSON.stringify(input))).toString('base64') }),
        }),
      }
      await db
        .insertInto('async_operations')
        .values({
          id,
          kind,
          target,
          subscription_key: operation.subscriptionId.toLowerCase(),
          target_key: target.toLowerCase(),
          created_at: createdAt,
          ...changing,
        })
        .onConflict(conflict => conflict.column('id').doUpdateSet(changing))
        .execute()
    },

    async removeEndedBefore(grant, time) {
      demand(grant, '/')
      await db.deleteFrom('async_operations').where('ended_at', '<', time).execute()
    },
  }
}

const context = (id: string) => `input of operation ${id}`
