import type { Operation } from '../../../door/operation.ts'
import { purgeTime } from '../../../vaults/properties.ts'
import { isManaged, notFound } from '../../../vaults/refusals.ts'
import { answer, vaultOperation } from '../vault-operation.ts'
import { deletion, grantFor, type Kind, placeOf, placesOf } from './kind.ts'

/** Nothing is lost by it until the vault's days of retention are over. */
export const deleteOperation = (kind: Kind): Operation =>
  vaultOperation<'delete'>({
    route: `DELETE /${kind.kind}/:name`,
    action: `${kind.kind}/delete`,
    permission: `${kind.kind}/delete`,
    verb: 'delete',
    at: kind.kind,
    async run(cx) {
      const place = placeOf(cx, kind.kind)
      const purgeAt = purgeTime(cx.vault, cx.now)
      const found = await cx.store.write(async tx => {
        const there = await tx.vaultObjects.version(cx.grant, place)
        if (!there) throw notFound(kind.kind, cx.name)
        if (there.object.managed) throw isManaged(kind.kind, 'delete')
        for (const one of placesOf(cx, kind)) await tx.vaultObjects.softDelete(grantFor(cx, kind, one), one, purgeAt)
        return there
      })
      const view = { ...cx, ...found, object: { ...found.object, deletedAt: cx.now, purgeAt } }
      return answer(cx, { ...deletion(view, kind.kind), ...kind.bundle(view) })
    },
  })
