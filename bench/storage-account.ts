import {
  AccountSASPermissions,
  AccountSASResourceTypes,
  AccountSASServices,
  generateAccountSASQueryParameters,
  StorageSharedKeyCredential,
} from '@azure/storage-blob'
import type { openServer } from './lazuli.ts'

/** Where a side has its account, and what makes a request to it one that is allowed. */
export type Account = {
  readonly pid: number
  /** The address of the account, without a slash at its end. */
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  /** For everything in the account: a signature in the address. */
  readonly sas: string
}

export const version = '2021-08-06'

export function signatureFor(account: string, key: string): string {
  return generateAccountSASQueryParameters(
    {
      expiresOn: new Date(Date.now() + 24 * 3_600_000),
      permissions: AccountSASPermissions.parse('rwdlacupf'),
      services: AccountSASServices.parse('b').toString(),
      resourceTypes: AccountSASResourceTypes.parse('sco').toString(),
      version,
    },
    new StorageSharedKeyCredential(account, key),
  ).toString()
}

/** The account `bench` of this server, made when it is not there yet. */
export async function accountOf({
  url,
  pid,
  installation,
  client,
}: Awaited<ReturnType<typeof openServer>>): Promise<Account> {
  const group = `/subscriptions/${installation.administrator.subscriptionId}/resourceGroups/bench`
  const account = `${group}/providers/Microsoft.Storage/storageAccounts/bench`
  await client.ask('PUT', `${group}?api-version=2021-04-01`, { location: 'westeurope' })
  const made = { location: 'westeurope', sku: { name: 'Standard_LRS' }, kind: 'StorageV2' }
  await client.ask('PUT', `${account}?api-version=2022-09-01`, made)
  const { keys } = await client.ask<{ keys: { value: string }[] }>('POST', `${account}/listKeys?api-version=2022-09-01`)
  const { port } = new URL(url)
  return {
    pid,
    url: `https://127.0.0.1:${port}`,
    headers: { host: `bench.blob.lazuli.localhost:${port}`, 'x-ms-version': version },
    sas: signatureFor('bench', keys[0]?.value ?? ''),
  }
}
