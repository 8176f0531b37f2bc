import { randomBytes } from 'node:crypto'
import * as z from 'zod'
import { apiVersionOf } from '../../arm/api-version.ts'
import { checked } from '../../arm/envelope.ts'
import type { ResourceAction } from '../../arm/resource-type.ts'
import { readJson } from '../../door/body.ts'
import type { Context } from '../../door/operation.ts'
import type { AccountKey, StorageAccount } from '../../store/storage-accounts.ts'
import { storageVersions } from './api-versions.ts'
import { invalidValues } from './errors.ts'

export const newKey = (name: AccountKey['name'], now: number): AccountKey => ({
  name,
  value: randomBytes(64),
  createdAt: now,
})

/** The account behind a resource, for who holds a grant on that. */
export async function accountOf(cx: Context, resource: { id: { text: string } }): Promise<StorageAccount> {
  const account = await cx.store.storageAccounts.get(cx.grant, { id: resource.id.text })
  if (!account) throw new Error(`the storage account ${resource.id.text} has no row of its own`)
  return account
}

function shown(url: URL, keys: readonly AccountKey[]): Response {
  const isOld = apiVersionOf(url, storageVersions) < '2019-04-01'
  return Response.json({
    keys: keys.map(({ name, value, createdAt }) => ({
      ...(isOld ? {} : { creationTime: new Date(createdAt).toISOString() }),
      keyName: name,
      permissions: isOld ? 'Full' : 'FULL',
      value: Buffer.from(value).toString('base64'),
    })),
  })
}

export const listKeys: ResourceAction = {
  async run(cx, resource) {
    return shown(cx.url, await cx.store.storageAccounts.keys(cx.grant, await accountOf(cx, resource)))
  },
}

const regeneration = z.object({ keyName: z.string() })

/** What was signed with the old one is worth nothing from here on. */
export const regenerateKey: ResourceAction = {
  async run(cx, resource) {
    const { keyName } = checked(regeneration, await readJson(cx.request))
    const account = await accountOf(cx, resource)
    const keys = await cx.store.write(async tx => {
      const before = await tx.storageAccounts.keys(cx.grant, account)
      if (!before.some(key => key.name === keyName)) throw invalidValues('keyName')
      const after = before.map(key => (key.name === keyName ? newKey(key.name, cx.now) : key))
      await tx.storageAccounts.putKeys(cx.grant, account, after)
      return after
    })
    return shown(cx.url, keys)
  },
}

/** What users have signed with keys that they were given so far is worth nothing from here on. */
export const revokeUserDelegationKeys: ResourceAction = {
  async run(cx, resource) {
    const { id } = await accountOf(cx, resource)
    await cx.store.write(async tx => {
      const account = await tx.storageAccounts.get(cx.grant, { id })
      if (account)
        await tx.storageAccounts.update(cx.grant, { ...account, revocations: (account.revocations ?? 0) + 1 })
    })
    return new Response(null, { status: 200 })
  },
}
