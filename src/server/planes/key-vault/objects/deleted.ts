import type { Operation } from '../../../door/operation.ts'
import type { Reads } from '../../../store/open.ts'
import type { VaultObject } from '../../../store/vault-objects.ts'
import { isPurgeProtected } from '../../../vaults/properties.ts'
import { deletedNotFound, isManaged, purgeIsForbidden } from '../../../vaults/refusals.ts'
import { answer, emptyAnswer, type VaultContext, vaultOperation } from '../vault-operation.ts'
import { deletion, grantFor, type Kind, placeOf, placesOf, tellMachines } from './kind.ts'

/** What is deleted can be seen, taken back, and, unless the vault is protected from it, destroyed before its time. */
export const deletedOperations = (kind: Kind): Operation[] => [
  vaultOperation<'read'>({
    route: `GET /deleted${kind.kind}/:name`,
    action: kind.getAction,
    permission: `${kind.kind}/get`,
    verb: 'read',
    at: kind.kind,
    async run(cx) {
      const place = placeOf(cx, kind.kind)
      const found = await cx.store.vaultObjects.version(cx.grant, place, undefined, 'deleted')
      if (!found) throw deletedNotFound(kind.kind, cx.name)
      const view = { ...cx, ...found }
      return answer(cx, { ...deletion(view, kind.kind), ...kind.bundle(view) })
    },
  }),
  vaultOperation<'action'>({
    route: `POST /deleted${kind.kind}/:name/recover`,
    action: `${kind.kind}/recover/action`,
    permission: `${kind.kind}/recover`,
    verb: 'action',
    at: kind.kind,
    async run(cx) {
      const found = await cx.store.write(async tx => {
        const { managed } = await deletedObject(tx, cx, kind)
        if (managed) throw isManaged(kind.kind, 'recover')
        for (const one of placesOf(cx, kind)) await tx.vaultObjects.recover(grantFor(cx, kind, one), one)
        return tx.vaultObjects.version(cx.grant, placeOf(cx, kind.kind))
      })
      if (!found) throw deletedNotFound(kind.kind, cx.name)
      tellMachines(cx, kind, cx.name)
      return answer(cx, kind.bundle({ ...cx, ...found }))
    },
  }),
  vaultOperation<'delete'>({
    route: `DELETE /deleted${kind.kind}/:name`,
    action: `${kind.kind}/purge/action`,
    permission: `${kind.kind}/purge`,
    verb: 'delete',
    at: kind.kind,
    async run(cx) {
      if (isPurgeProtected(cx.vault)) throw purgeIsForbidden(kind.kind)
      await cx.store.write(async tx => {
        const { managed } = await deletedObject(tx, cx, kind)
        if (managed) throw isManaged(kind.kind, 'purge')
        for (const one of placesOf(cx, kind)) await tx.vaultObjects.purge(grantFor(cx, kind, one), one)
      })
      return emptyAnswer(cx)
    },
  }),
]

async function deletedObject(
  { vaultObjects }: Pick<Reads, 'vaultObjects'>,
  cx: VaultContext,
  { kind }: Kind,
): Promise<VaultObject> {
  const found = await vaultObjects.get(cx.grant, placeOf(cx, kind))
  if (found?.deletedAt === undefined) throw deletedNotFound(kind, cx.name)
  return found
}
