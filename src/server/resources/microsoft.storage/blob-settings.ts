import * as z from 'zod'
import { resourceId } from '../../../wire/resource-id.ts'
import { systemGrant } from '../../access/grant.ts'
import { apiVersionOf } from '../../arm/api-version.ts'
import { checked } from '../../arm/envelope.ts'
import { resourceNotFound } from '../../arm/errors.ts'
import { readJson } from '../../door/body.ts'
import { operation, type Params } from '../../door/operation.ts'
import { filled } from '../../door/routes.ts'
import type { Reads } from '../../store/open.ts'
import type { StorageAccount } from '../../store/storage-accounts.ts'
import { absent } from './account-properties.ts'
import { storageVersions } from './api-versions.ts'
import { type CorsRule, mostCorsRules, problemOf } from './cors-rules.ts'
import { invalidValues } from './errors.ts'

/** The one blob service of an account: what it lets clients do besides what the account says. */

const findAccount = systemGrant('find the storage account that a request names')
const type = 'Microsoft.Storage/storageAccounts/blobServices'
const accountPath =
  '/subscriptions/:subscriptionId/resourceGroups/:resourceGroupName/providers/Microsoft.Storage/storageAccounts/:accountName'

export const accountIdOf = (params: Params) => filled(accountPath, params)

/** Throws 404. */
export async function namedAccount(reads: Pick<Reads, 'storageAccounts'>, params: Params): Promise<StorageAccount> {
  const id = accountIdOf(params)
  const account = await reads.storageAccounts.get(findAccount, { id })
  if (!account) throw resourceNotFound(resourceId(id))
  return account
}

const corsRule = z.object({
  allowedOrigins: z.array(z.string()),
  allowedMethods: z.array(z.string()),
  maxAgeInSeconds: z.number(),
  exposedHeaders: z.array(z.string()),
  allowedHeaders: z.array(z.string()),
})

const switchedOff = (name: string) => z.looseObject(absent(name)).nullish()

const properties = z.looseObject({
  deleteRetentionPolicy: z
    .looseObject({ enabled: z.boolean().optional(), days: z.number().int().min(1).max(365).optional() })
    .optional(),
  cors: z
    .looseObject({
      corsRules: z.array(corsRule).max(mostCorsRules).default([]),
    })
    .optional(),
  isVersioningEnabled: z.boolean().optional(),
  ...absent('automaticSnapshotPolicyEnabled'),
  changeFeed: switchedOff('enabled'),
  containerDeleteRetentionPolicy: switchedOff('enabled'),
  restorePolicy: switchedOff('enabled'),
  lastAccessTimeTrackingPolicy: switchedOff('enable'),
  defaultServiceVersion: z.literal('').nullish(),
})

/** What an account lets its blob service do, as it is stored. */
export type BlobService = {
  readonly cors?: readonly CorsRule[]
  /** Days for which deleted blobs are kept. */
  readonly deleteRetention?: number | undefined
  /** Only the resource manager shows it, and switches it. */
  readonly versioning?: boolean
}

const withoutEmpty = (names: readonly string[]) => names.filter(name => name !== '')

/** Templates have an empty name where there is none. Throws 400. */
function ruleIn(given: z.infer<typeof corsRule>): CorsRule {
  const rule = {
    origins: given.allowedOrigins,
    methods: given.allowedMethods,
    allowedHeaders: withoutEmpty(given.allowedHeaders),
    exposedHeaders: withoutEmpty(given.exposedHeaders),
    maxAgeSec: given.maxAgeInSeconds,
  }
  const problem = problemOf(rule)
  if (problem) throw invalidValues(`cors.corsRules: ${problem}`)
  return rule
}

function shown(account: StorageAccount) {
  const { cors = [], deleteRetention, versioning } = account.service as BlobService
  return {
    id: `${account.id}/blobServices/default`,
    name: 'default',
    type,
    sku: { name: account.rules.sku, tier: account.rules.sku.split('_')[0] },
    properties: {
      cors: {
        corsRules: cors.map(rule => ({
          allowedOrigins: rule.origins,
          allowedMethods: rule.methods,
          maxAgeInSeconds: rule.maxAgeSec,
          exposedHeaders: rule.exposedHeaders,
          allowedHeaders: rule.allowedHeaders,
        })),
      },
      deleteRetentionPolicy:
        deleteRetention === undefined
          ? { allowPermanentDelete: false, enabled: false }
          : { allowPermanentDelete: false, enabled: true, days: deleteRetention },
      ...(versioning === undefined ? {} : { isVersioningEnabled: versioning }),
    },
  }
}

const read = { verb: 'read', action: `${type}/read`, on: accountIdOf } as const

const listBlobServices = operation<'read'>({
  name: read.action,
  route: `GET ${accountPath}/blobServices`,
  access: read,
  async run(cx) {
    apiVersionOf(cx.url, storageVersions)
    return Response.json({ value: [shown(await namedAccount(cx.store, cx.params))] })
  },
})

const getBlobService = operation<'read'>({
  name: read.action,
  route: `GET ${accountPath}/blobServices/default`,
  access: read,
  async run(cx) {
    apiVersionOf(cx.url, storageVersions)
    return Response.json(shown(await namedAccount(cx.store, cx.params)))
  },
})

const putBlobService = operation<'write'>({
  name: `${type}/write`,
  route: `PUT ${accountPath}/blobServices/default`,
  access: { verb: 'write', action: `${type}/write`, on: accountIdOf },
  async run(cx) {
    apiVersionOf(cx.url, storageVersions)
    const body = await readJson(cx.request)
    const { deleteRetentionPolicy, cors, isVersioningEnabled } = checked(
      properties,
      body.properties ?? {},
      'properties',
    )
    const rules = cors?.corsRules.map(ruleIn)
    const after = await cx.store.write(async tx => {
      const account = await namedAccount(tx, cx.params)
      const service: BlobService = {
        ...account.service,
        ...(rules ? { cors: rules } : {}),
        ...(deleteRetentionPolicy
          ? { deleteRetention: deleteRetentionPolicy.enabled ? (deleteRetentionPolicy.days ?? 7) : undefined }
          : {}),
        ...(isVersioningEnabled === undefined ? {} : { versioning: isVersioningEnabled }),
      }
      const changed = { ...account, service }
      await tx.storageAccounts.update(cx.grant, changed)
      return changed
    })
    return Response.json(shown(after))
  },
})

export const blobServiceOperations = [listBlobServices, getBlobService, putBlobService]
