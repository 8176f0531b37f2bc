/** Storage accounts for tests, made by the administrator over HTTP. */

import { randomBytes } from 'node:crypto'
import type { Lazuli } from '../start.ts'
import { expect } from './arrange.ts'

export const blobRoles = {
  reader: '2a2b9908-6ea1-4ae2-8e65-a410df84e7d1',
  contributor: 'ba92f5b4-2d11-453d-a403-e96b0029c9fe',
  owner: 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b',
  accountContributor: '17d1049b-9a84-46fb-8f53-869881c3d3ab',
}

export const storageVersion = 'api-version=2022-09-01'

export type Account = { readonly id: string; readonly name: string; keys(): Promise<readonly string[]> }

export async function newAccount(
  lazuli: Lazuli,
  group: string,
  properties: Record<string, unknown> = {},
): Promise<Account> {
  const name = `acct${randomBytes(5).toString('hex')}`
  const id = `${group}/providers/Microsoft.Storage/storageAccounts/${name}`
  const body = { location: 'westeurope', sku: { name: 'Standard_LRS' }, kind: 'StorageV2', properties }
  await expect(200, lazuli.arm('PUT', `${id}?${storageVersion}`, { body }))
  return {
    id,
    name,
    async keys() {
      const { keys } = await expect(200, lazuli.arm('POST', `${id}/listKeys?${storageVersion}`))
      return keys.map((key: { value: string }) => key.value)
    },
  }
}

export const newContainer = (
  lazuli: Lazuli,
  account: Account,
  name: string,
  properties: Record<string, unknown> = {},
) =>
  expect(
    201,
    lazuli.arm('PUT', `${account.id}/blobServices/default/containers/${name}?${storageVersion}`, {
      body: { properties },
    }),
  )

/** From here on, the account keeps what is overwritten as versions. */
export const keepVersions = (lazuli: Lazuli, account: Account) =>
  expect(
    200,
    lazuli.arm('PUT', `${account.id}/blobServices/default?${storageVersion}`, {
      body: { properties: { isVersioningEnabled: true } },
    }),
  )
