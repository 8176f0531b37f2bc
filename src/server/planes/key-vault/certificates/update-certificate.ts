import * as z from 'zod'
import { readJson } from '../../../door/body.ts'
import { attributesWish, checked, tagsWish } from '../../../vaults/attributes.ts'
import { policyOf } from '../../../vaults/certificates/policy.ts'
import { recordOf } from '../../../vaults/certificates/record.ts'
import { notFound } from '../../../vaults/refusals.ts'
import { placeOf } from '../objects/kind.ts'
import { scheduleNext } from '../objects/schedule.ts'
import { updateVersion } from '../objects/update.ts'
import { answer, type VaultContext, vaultOperation } from '../vault-operation.ts'
import { certificateKind } from './certificate.ts'
import { checkIssuer } from './issuer-of-policy.ts'

const wish = z.looseObject({
  policy: z.unknown().optional(),
  attributes: attributesWish.nullish(),
  tags: tagsWish.nullish(),
})

/** Attributes and tags, which its key and secret share, and the policy, which counts from the next version on. */
export const updateCertificate = ['', '/:version'].map(version =>
  vaultOperation<'write'>({
    route: `PATCH /certificates/:name${version}`,
    action: 'certificates/update/action',
    permission: 'certificates/update',
    verb: 'write',
    at: 'certificates',
    run: update,
  }),
)

async function update(cx: VaultContext<'write'>): Promise<Response> {
  const { policy: wished, ...changes } = checked(wish, await readJson(cx.request))
  const place = placeOf(cx, 'certificates')
  const object = await cx.store.vaultObjects.get(cx.grant, place)
  if (!object || object.deletedAt !== undefined) throw notFound('certificates', cx.name)
  const policy = wished == null ? undefined : policyOf(wished, cx.now, recordOf(object).policy)
  if (policy) await checkIssuer(cx, policy)
  const updated = await updateVersion(cx, certificateKind, changes, async (tx, found) => {
    if (policy) await tx.vaultObjects.put(cx.grant, place, { body: { ...recordOf(found.object), policy } })
    await scheduleNext(tx, cx.grant, certificateKind, place)
  })
  const kept = policy ? { ...updated.object, body: { ...updated.object.body, policy } } : updated.object
  return answer(cx, certificateKind.bundle({ ...cx, ...updated, object: kept }))
}
