import { type Change, type Grant, systemGrant } from '../../../access/grant.ts'
import type { FoundVersion, ObjectKind, ObjectPlace } from '../../../store/vault-objects.ts'
import type { Vault } from '../../../store/vaults.ts'
import { isPurgeProtected, recoveryLevelOf, retentionDaysOf } from '../../../vaults/properties.ts'
import { isAtLeast } from '../api-version.ts'
import type { VaultContext } from '../vault-operation.ts'

/** One of the three kinds of things in a vault: what the life cycle that they share has to know of it. */
export type Kind = {
  readonly kind: ObjectKind
  /** Actions of roles, below `Microsoft.KeyVault/vaults/`: what lists and single looks take. The rest is alike. */
  readonly listAction: string
  readonly getAction: string
  /** What goes, comes back and is backed up with it, under the same name: the key and secret of a certificate. */
  readonly companions: readonly ObjectKind[]
  /** What a look at a version shows, without anything that is sealed. */
  bundle(view: ObjectView): Record<string, unknown>
  /** When something of an object has to happen by itself, in milliseconds; see `due-work.ts`. */
  dueAt?(found: FoundVersion): number | undefined
  /** What a list shows of it: `id` is the address of the object, or of the version in a list of versions. */
  item(view: ObjectView, id: string): Record<string, unknown>
  /** Whether a list of objects shows it to who asks in this way. */
  isListed?(row: FoundVersion, query: URLSearchParams): boolean
}

/** A version as a request sees it. */
export type ObjectView = FoundVersion & Pick<VaultContext, 'vault' | 'apiVersion' | 'origin'>

export const placeOf = ({ vault, name }: Pick<VaultContext, 'vault' | 'name'>, kind: ObjectKind): ObjectPlace => ({
  vault,
  kind,
  name,
})

/** The object itself and what belongs to it. */
export const placesOf = (cx: Pick<VaultContext, 'vault' | 'name'>, { kind, companions }: Kind): ObjectPlace[] =>
  [kind, ...companions].map(one => placeOf(cx, one))

const keepTogether = systemGrant("keep a certificate's key and secret with it")

/** Who may delete a certificate deletes its key and secret with it, without a right to these. */
export const grantFor = <V extends Change>(
  { grant }: Pick<VaultContext<V>, 'grant'>,
  { kind }: Kind,
  place: ObjectPlace,
): Grant<V> => (place.kind === kind ? grant : keepTogether)

/** The machines that keep it fetch it at once: a certificate is what it is as a secret. */
export function tellMachines(
  { agents, vault }: Pick<VaultContext, 'agents' | 'vault'>,
  { kind }: Kind,
  name: string,
): void {
  if (kind !== 'keys') agents.certificateChanged(vault.name, name)
}

/** Without a version, the object's own address. */
export const idOf = ({ origin, object }: Pick<ObjectView, 'origin' | 'object'>, kind: ObjectKind, version?: string) =>
  `${origin}/${kind}/${object.name}${version === undefined ? '' : `/${version}`}`

/** `attributes` as every kind shows them, in the order of Azure's own answers. */
export function attributesOf({ vault, version, apiVersion }: Pick<ObjectView, 'vault' | 'version' | 'apiVersion'>) {
  return {
    enabled: version.enabled,
    ...(version.notBefore === undefined ? {} : { nbf: version.notBefore }),
    ...(version.expires === undefined ? {} : { exp: version.expires }),
    created: seconds(version.createdAt),
    updated: seconds(version.updatedAt),
    ...recovery(vault, apiVersion),
  }
}

/** Before 7.0 there was no soft delete to speak of, and clients of that time do not know its words. */
function recovery(vault: Vault, apiVersion: string): Record<string, unknown> {
  if (!isAtLeast(apiVersion, '7.0')) return { recoveryLevel: isPurgeProtected(vault) ? 'Recoverable' : 'Purgeable' }
  return {
    recoveryLevel: recoveryLevelOf(vault),
    ...(isAtLeast(apiVersion, '7.1') ? { recoverableDays: retentionDaysOf(vault) } : {}),
  }
}

export const tagsOf = ({ version }: Pick<ObjectView, 'version'>) => (version.tags ? { tags: version.tags } : {})

export const seconds = (ms: number) => Math.floor(ms / 1000)

/** What a deleted object shows besides. Without `recoveryId`, clients take it for gone. */
export const deletion = ({ origin, object }: Pick<ObjectView, 'origin' | 'object'>, kind: ObjectKind) => ({
  recoveryId: `${origin}/deleted${kind}/${object.name}`,
  deletedDate: seconds(object.deletedAt ?? 0),
  scheduledPurgeDate: seconds(object.purgeAt ?? 0),
})
