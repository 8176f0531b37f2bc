import type { Compilable, CompiledQuery, Kysely } from 'kysely'
import type { Tables } from './tables.ts'

/**
 * A query of which only the values differ, built the first time: what requests ask for again and again takes less time to
 * find than to put in words. `build` has some value in each place, and the values are given in the order of the text.
 */
export function compiledOnce<Row>(db: Kysely<Tables>, build: () => Compilable<Row>) {
  let compiled: CompiledQuery<Row> | undefined
  return async (...values: readonly unknown[]): Promise<Row[]> => {
    compiled ??= build().compile()
    if (values.length !== compiled.parameters.length) throw new Error(`Not the values of ${compiled.sql}`)
    const query: CompiledQuery<Row> = { ...compiled, parameters: values }
    return (await db.executeQuery(query)).rows
  }
}
