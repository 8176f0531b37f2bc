import { randomUUID } from 'node:crypto'
import * as z from 'zod'
import { systemGrant } from '../../access/grant.ts'
import { checked } from '../../arm/envelope.ts'
import { type Change, defineResource, type View } from '../../arm/resource-type.ts'
import { accountHost } from '../../door/names.ts'
import { AzureError } from '../../errors.ts'
import type { DataLakeRules } from '../../store/data-lake-accounts.ts'
import { mergePatch } from '../merge-patch.ts'
import { assignIdentities, removeSystemIdentity, renderIdentity } from '../microsoft.compute/identity.ts'
import { dataLakeVersions } from './api-versions.ts'
import { accountNameInvalid, accountNameTaken, badRequest } from './errors.ts'

const seeAccount = systemGrant('show what a Data Lake Store account is made of to who may read it')

const onOrOff = z.enum(['Enabled', 'Disabled'])
const properties = z.looseObject({
  defaultGroup: z.string().optional(),
  encryptionState: onOrOff.default('Enabled'),
  encryptionConfig: z
    .looseObject({ type: z.enum(['ServiceManaged', 'UserManaged']) })
    .default({ type: 'ServiceManaged' }),
  firewallState: onOrOff.default('Disabled'),
  firewallAllowAzureIps: onOrOff.default('Disabled'),
  trustedIdProviderState: onOrOff.default('Disabled'),
  newTier: z.string().default('Consumption'),
})
type AccountProperties = z.infer<typeof properties>

/** What the server says of itself, and nobody can set. */
const ofTheServer = [
  'accountId',
  'provisioningState',
  'state',
  'creationTime',
  'lastModifiedTime',
  'endpoint',
  'currentTier',
]

/** A file system of its own, whose root belongs to who made it. */
export const dataLakeAccounts = defineResource<AccountProperties>({
  type: 'Microsoft.DataLakeStore/accounts',
  apiVersions: dataLakeVersions,
  location: 'required',
  createdStatus: 200,
  properties,

  async put(change) {
    const { cx, tx, id, existing, body } = change
    if (!/^[a-z0-9]{3,24}$/.test(id.name)) throw accountNameInvalid(id.name)
    if (body.properties.encryptionConfig.type === 'UserManaged') {
      throw badRequest('Encryption with keys that a user manages is not supported: leave encryptionConfig out.')
    }
    const wished = Object.fromEntries(Object.entries(body.properties).filter(([name]) => !ofTheServer.includes(name)))
    const rules = rulesOf(body.properties)
    const account = await tx.dataLakeAccounts.get(seeAccount, { id: id.text })
    if (account) await tx.dataLakeAccounts.update(cx.grant, { ...account, rules })
    else await makeFileSystem(change, rules)
    const identity = await assignIdentities({ cx, tx, id, existing }, body.identity)
    const { location = '', tags = {} } = body
    const accountId = existing?.body.properties.accountId ?? randomUUID()
    return { body: { location, tags, ...(identity ? { identity } : {}), properties: { ...wished, accountId } } }
  },

  patch: (existing, patch) => ({
    ...existing.body,
    ...(patch.tags === undefined ? {} : { tags: checked(z.record(z.string(), z.string()), patch.tags) }),
    properties: mergePatch(existing.body.properties, { ...(patch.properties as object) }),
  }),

  async remove(removal) {
    const { cx, tx, id } = removal
    const account = await tx.dataLakeAccounts.get(seeAccount, { id: id.text })
    if (account) {
      const root = await tx.dataLakeFiles.get(cx.grant, account, { parent: 0, name: '' }, cx.now)
      if (root) await tx.dataLakeFiles.remove(cx.grant, account, root)
      await tx.dataLakeAccounts.remove(cx.grant, account)
    }
    await removeSystemIdentity(removal)
    return {}
  },

  actions: {
    enableKeyVault: {
      run() {
        throw badRequest('The account is not encrypted with keys from a Key Vault.')
      },
    },
  },

  render,
})

const rulesOf = (wish: AccountProperties): DataLakeRules => ({
  firewall: wish.firewallState === 'Enabled',
  azureAddresses: wish.firewallAllowAzureIps === 'Enabled',
})

async function makeFileSystem({ cx, tx, id }: Change<AccountProperties>, rules: DataLakeRules): Promise<void> {
  if (cx.caller.kind !== 'principal') throw new AzureError(403, 'Forbidden', 'Only a principal can own a file system.')
  const made = await tx.dataLakeAccounts.create(cx.grant, { name: id.name, id: id.text, rules, createdAt: cx.now })
  if (!made) throw accountNameTaken(id.name)
  const owner = cx.caller.principal.objectId
  const everything = { user: 7, group: 7, other: 0, named: [] }
  const acl = { owner, group: owner, sticky: false, access: everything }
  await tx.dataLakeFiles.create(cx.grant, made, { parent: 0, name: '', kind: 'DIRECTORY', acl }, cx.now)
}

async function render({ parts, resource, apiVersion, url }: View): Promise<Record<string, unknown>> {
  const { id, body, changedAt } = resource
  const account = await parts.store.dataLakeAccounts.get(seeAccount, { id: id.text })
  const identity = await renderIdentity(parts, resource, apiVersion)
  return {
    etag: undefined,
    location: body.location,
    tags: body.tags ?? {},
    ...(identity ? { identity } : {}),
    properties: {
      ...body.properties,
      currentTier: body.properties.newTier,
      provisioningState: 'Succeeded',
      state: 'Active',
      creationTime: new Date(account?.createdAt ?? 0).toISOString(),
      lastModifiedTime: new Date(changedAt).toISOString(),
      endpoint: accountHost('webhdfs', id.name, url, parts.config),
    },
  }
}
