import type { Change } from '../../../access/grant.ts'
import type { Writes } from '../../../store/open.ts'
import type { FoundVersion, ObjectVersion } from '../../../store/vault-objects.ts'
import { type AttributesWish, attributed } from '../../../vaults/attributes.ts'
import { isManaged, notFound } from '../../../vaults/refusals.ts'
import type { VaultContext } from '../vault-operation.ts'
import { grantFor, type Kind, placeOf, placesOf, tellMachines } from './kind.ts'

type UpdateWish = {
  readonly attributes?: AttributesWish | null | undefined
  readonly tags?: Record<string, string> | null | undefined
  /** From what the version keeps to what it is to keep. */
  readonly body?: ((before: ObjectVersion['body']) => ObjectVersion['body']) | undefined
}

/**
 * Changes what can be changed of a version: never what is sealed in it. Whoever changes a certificate's attributes
 * changes those of its key and secret, too. Without a version in the path, the newest is meant.
 */
export async function updateVersion(
  cx: VaultContext<Change>,
  kind: Kind,
  { attributes, tags, body }: UpdateWish,
  also: (tx: Writes, found: FoundVersion) => Promise<unknown> = async () => undefined,
): Promise<FoundVersion> {
  const place = placeOf(cx, kind.kind)
  const wanted = cx.params.version
  const updated = await cx.store.write(async tx => {
    const found = await tx.vaultObjects.version(cx.grant, place, wanted)
    if (!found) throw notFound(kind.kind, wanted === undefined ? cx.name : `${cx.name}/${wanted}`)
    if (found.object.managed) throw isManaged(kind.kind, 'update')
    const changed = withChanges(found.version, cx.now, { attributes, tags, body })
    for (const one of placesOf(cx, kind)) {
      if (one.kind === kind.kind) {
        await tx.vaultObjects.putVersion(cx.grant, one, changed)
        continue
      }
      const grant = grantFor(cx, kind, one)
      const theirs = await tx.vaultObjects.version(grant, one, changed.version)
      if (theirs)
        await tx.vaultObjects.putVersion(grant, one, withChanges(theirs.version, cx.now, { attributes, tags }))
    }
    await also(tx, found)
    return { object: found.object, version: changed }
  })
  // What can be had again, or no longer. Dates and tags are nothing to a machine.
  if (attributes?.enabled != null) tellMachines(cx, kind, cx.name)
  return updated
}

function withChanges(before: ObjectVersion, now: number, { attributes, tags, body }: UpdateWish): ObjectVersion {
  return {
    ...before,
    ...attributed({ attributes, tags }, before),
    body: body ? body(before.body) : before.body,
    updatedAt: now,
  }
}
