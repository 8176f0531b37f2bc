/** A Data Lake Store account, and requests to its file system as somebody else than the client under test sends them. */

import { randomBytes } from 'node:crypto'
import type { Answer, Lazuli, SendOptions } from '../start.ts'
import { expect } from './arrange.ts'

export const lakeAudience = 'https://datalake.azure.net/'

export type Lake = {
  readonly id: string
  readonly name: string
  /** As the administrator, unless a token says otherwise. `query` begins with the operation: `MKDIRS&permission=770`. */
  ask(method: string, path: string, query: string, options?: Omit<SendOptions, 'headers'>): Promise<Answer>
}

export async function newLake(lazuli: Lazuli, group: string): Promise<Lake> {
  const name = `lake${randomBytes(4).toString('hex')}`
  const id = `${group}/providers/Microsoft.DataLakeStore/accounts/${name}`
  const body = { location: 'westeurope', properties: {} }
  await expect(200, lazuli.arm('PUT', `${id}?api-version=2016-11-01`, { body }))
  return lakeOf(lazuli, id, name)
}

async function lakeOf(lazuli: Lazuli, id: string, name: string): Promise<Lake> {
  const administrator = await lazuli.token(lakeAudience)
  const headers = { host: `${name}.azuredatalakestore.net` }
  return {
    id,
    name,
    ask: (method, path, query, options = {}) =>
      lazuli.arm(method, `/webhdfs/v1${path}?op=${query}`, { token: administrator, ...options, headers }),
  }
}
