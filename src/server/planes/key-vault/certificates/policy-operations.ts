import { readJson } from '../../../door/body.ts'
import type { VaultObject } from '../../../store/vault-objects.ts'
import { policyOf } from '../../../vaults/certificates/policy.ts'
import { recordOf } from '../../../vaults/certificates/record.ts'
import { policyNotFound } from '../../../vaults/certificates/refusals.ts'
import { placeOf } from '../objects/kind.ts'
import { scheduleNext } from '../objects/schedule.ts'
import { answer, vaultOperation } from '../vault-operation.ts'
import { certificateKind, shownPolicy } from './certificate.ts'
import { checkIssuer } from './issuer-of-policy.ts'

/** How the next version will be made, and when. */
export const policyOperations = [
  vaultOperation<'read'>({
    route: 'GET /certificates/:name/policy',
    action: 'certificates/read',
    permission: 'certificates/get',
    verb: 'read',
    at: 'certificates',
    async run(cx) {
      const object = live(await cx.store.vaultObjects.get(cx.grant, placeOf(cx, 'certificates')), cx.name)
      return answer(cx, shownPolicy(recordOf(object).policy, { ...cx, object }))
    },
  }),
  vaultOperation<'write'>({
    route: 'PATCH /certificates/:name/policy',
    action: 'certificates/update/action',
    permission: 'certificates/update',
    verb: 'write',
    at: 'certificates',
    async run(cx) {
      const wished = await readJson(cx.request)
      const place = placeOf(cx, 'certificates')
      const before = live(await cx.store.vaultObjects.get(cx.grant, place), cx.name)
      await checkIssuer(cx, policyOf(wished, cx.now, recordOf(before).policy))
      const { object, policy } = await cx.store.write(async tx => {
        const object = live(await tx.vaultObjects.get(cx.grant, place), cx.name)
        const policy = policyOf(wished, cx.now, recordOf(object).policy)
        await tx.vaultObjects.put(cx.grant, place, { body: { ...recordOf(object), policy } })
        await scheduleNext(tx, cx.grant, certificateKind, place)
        return { object, policy }
      })
      return answer(cx, shownPolicy(policy, { ...cx, object }))
    },
  }),
]

function live(object: VaultObject | undefined, name: string): VaultObject {
  if (!object || object.deletedAt !== undefined) throw policyNotFound(name)
  return object
}
