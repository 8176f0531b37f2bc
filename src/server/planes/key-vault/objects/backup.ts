import * as z from 'zod'
import { readJson } from '../../../door/body.ts'
import type { Operation } from '../../../door/operation.ts'
import type { ObjectPlace, ObjectVersion } from '../../../store/vault-objects.ts'
import { checked } from '../../../vaults/attributes.ts'
import { alreadyExists, badParameter, isDeletedButRecoverable, isManaged, notFound } from '../../../vaults/refusals.ts'
import { answer, type VaultContext, vaultOperation } from '../vault-operation.ts'
import { grantFor, type Kind, placeOf, placesOf, tellMachines } from './kind.ts'
import { scheduleNext } from './schedule.ts'

/**
 * A backup is all versions of an object in one text that only this server can read, and only for vaults of the same
 * subscription: that is how far Azure lets one be carried.
 */
const mostVersions = 500

const savedVersion = z.object({
  version: z.string(),
  previousVersion: z.string().optional(),
  enabled: z.boolean(),
  notBefore: z.number().optional(),
  expires: z.number().optional(),
  tags: z.record(z.string(), z.string()).optional(),
  body: z.record(z.string(), z.unknown()),
  createdAt: z.number(),
  updatedAt: z.number(),
  secret: z.base64().optional(),
})
const savedObject = z.object({
  kind: z.enum(['secrets', 'keys', 'certificates']),
  managed: z.boolean(),
  body: z.record(z.string(), z.unknown()),
  currentVersion: z.string(),
  versions: z.array(savedVersion),
})
const backup = z.object({
  kind: z.string(),
  name: z.string(),
  subscriptionId: z.string(),
  objects: z.array(savedObject),
})
type SavedObject = z.infer<typeof savedObject>

const sealedFor = 'backup of an object of a vault'
/** What a backup begins with, so that one can be told from something else. */
const mark = Buffer.from('&LazuliVaultBackupV1.')

export const backupOperations = (kind: Kind): Operation[] => [
  vaultOperation<'action'>({
    route: `POST /${kind.kind}/:name/backup`,
    action: `${kind.kind}/backup/action`,
    permission: `${kind.kind}/backup`,
    verb: 'action',
    at: kind.kind,
    async run(cx) {
      const found = await cx.store.vaultObjects.version(cx.grant, placeOf(cx, kind.kind))
      if (!found) throw notFound(kind.kind, cx.name)
      if (found.object.managed) throw isManaged(kind.kind, 'backup')
      const objects = await Promise.all(placesOf(cx, kind).map(place => saved(cx, kind, place)))
      const { subscriptionId } = cx.vault.id
      const content = JSON.stringify({ kind: kind.kind, name: found.object.name, subscriptionId, objects })
      const value = Buffer.concat([mark, cx.store.sealing.seal(sealedFor, content)]).toString('base64url')
      return answer(cx, { value })
    },
  }),
  vaultOperation<'action'>({
    route: `POST /${kind.kind}/restore`,
    action: `${kind.kind}/restore/action`,
    permission: `${kind.kind}/restore`,
    verb: 'action',
    async run(cx) {
      const { value } = checked(z.looseObject({ value: z.string() }), await readJson(cx.request))
      const { name, objects } = opened(cx, kind, value)
      const found = await cx.store.write(async tx => {
        for (const object of objects) {
          const place = placeOf({ vault: cx.vault, name }, object.kind)
          const grant = grantFor(cx, kind, place)
          const there = await tx.vaultObjects.get(grant, place)
          if (there) {
            throw there.deletedAt === undefined
              ? alreadyExists(object.kind, there.name)
              : isDeletedButRecoverable(object.kind, there.name)
          }
          await tx.vaultObjects.put(grant, place, { body: object.body, managed: object.managed })
          for (const { secret, ...version } of object.versions) {
            await tx.vaultObjects.addVersion(grant, place, {
              ...(version as ObjectVersion),
              ...(secret === undefined ? {} : { secret: Buffer.from(secret, 'base64') }),
            })
          }
          await tx.vaultObjects.setCurrent(grant, place, object.currentVersion)
          if (object.kind === kind.kind) await scheduleNext(tx, grant, kind, place)
        }
        return tx.vaultObjects.version(cx.grant, placeOf({ vault: cx.vault, name }, kind.kind))
      })
      if (!found) throw badBackup()
      tellMachines(cx, kind, name)
      return answer(cx, kind.bundle({ ...cx, ...found }))
    },
  }),
]

async function saved(cx: VaultContext<'action'>, kind: Kind, place: ObjectPlace): Promise<SavedObject> {
  const grant = grantFor(cx, kind, place)
  const object = await cx.store.vaultObjects.get(grant, place)
  const versions = await cx.store.vaultObjects.versions(grant, place, { limit: mostVersions + 1 })
  if (!object?.currentVersion) throw notFound(place.kind, place.name)
  if (versions.length > mostVersions) {
    throw badParameter(`${place.name} has more than ${mostVersions} versions, which is more than a backup can hold.`)
  }
  const withSecrets = versions.map(async version => {
    const secret = await cx.store.vaultObjects.unseal(grant, place, version.version)
    return { ...version, ...(secret ? { secret: secret.toString('base64') } : {}) } as z.infer<typeof savedVersion>
  })
  return {
    kind: place.kind,
    managed: object.managed,
    body: { ...object.body },
    currentVersion: object.currentVersion,
    versions: await Promise.all(withSecrets),
  }
}

function opened(cx: VaultContext, kind: Kind, value: string): z.infer<typeof backup> {
  const bytes = Buffer.from(value, 'base64url')
  if (!bytes.subarray(0, mark.length).equals(mark)) throw badBackup()
  let content: string
  try {
    content = cx.store.sealing.open(sealedFor, bytes.subarray(mark.length)).toString()
  } catch (cause) {
    throw badBackup({ cause })
  }
  const found = backup.parse(JSON.parse(content))
  if (found.kind !== kind.kind) throw badBackup()
  if (found.subscriptionId.toLowerCase() !== cx.vault.id.subscriptionId.toLowerCase()) {
    throw badParameter('The backup was made in another subscription and cannot be restored in this one.')
  }
  return found
}

const badBackup = (options?: { cause: unknown }) =>
  badParameter('The backup blob is invalid, was altered, or was made by another server.', options)
