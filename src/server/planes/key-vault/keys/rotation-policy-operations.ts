import { readJson } from '../../../door/body.ts'
import type { Operation } from '../../../door/operation.ts'
import type { VaultObject } from '../../../store/vault-objects.ts'
import { isManaged, notFound } from '../../../vaults/refusals.ts'
import { policyOfWish, rotationPolicyOf, shownPolicy } from '../../../vaults/rotation-policy.ts'
import { idOf, placeOf } from '../objects/kind.ts'
import { scheduleNext } from '../objects/schedule.ts'
import { answer, type VaultContext, vaultOperation } from '../vault-operation.ts'
import { keyKind } from './key.ts'

export const rotationPolicyOperations: readonly Operation[] = [
  vaultOperation<'read'>({
    route: 'GET /keys/:name/rotationpolicy',
    action: 'keyrotationpolicies/read',
    permission: 'keys/getrotationpolicy',
    verb: 'read',
    at: 'keys',
    async run(cx) {
      return shown(cx, live(cx, await cx.store.vaultObjects.get(cx.grant, placeOf(cx, 'keys'))))
    },
  }),
  vaultOperation<'write'>({
    route: 'PUT /keys/:name/rotationpolicy',
    action: 'keyrotationpolicies/write',
    permission: 'keys/setrotationpolicy',
    verb: 'write',
    at: 'keys',
    async run(cx) {
      const asked = await readJson(cx.request)
      const place = placeOf(cx, 'keys')
      const changed = await cx.store.write(async tx => {
        const object = live(cx, await tx.vaultObjects.get(cx.grant, place))
        if (object.managed) throw isManaged('keys', 'setrotationpolicy')
        const body = { ...object.body, rotationPolicy: policyOfWish(asked, rotationPolicyOf(object), cx.now) }
        await tx.vaultObjects.put(cx.grant, place, { body })
        await scheduleNext(tx, cx.grant, keyKind, place)
        return { ...object, body }
      })
      return shown(cx, changed)
    },
  }),
]

function live(cx: VaultContext, object: VaultObject | undefined): VaultObject {
  if (!object || object.deletedAt !== undefined) throw notFound('keys', cx.name)
  return object
}

const shown = (cx: VaultContext, object: VaultObject): Response =>
  answer(cx, shownPolicy(`${idOf({ ...cx, object }, 'keys')}/rotationpolicy`, rotationPolicyOf(object)))
