import * as z from 'zod'
import { readJson } from '../../../door/body.ts'
import { attributesWish, checked, tagsWish } from '../../../vaults/attributes.ts'
import { beginCertificate } from '../../../vaults/certificates/begin.ts'
import { issuerKindOf } from '../../../vaults/certificates/issuers.ts'
import { type CertificatePolicy, policyOf } from '../../../vaults/certificates/policy.ts'
import { recordOf } from '../../../vaults/certificates/record.ts'
import { policyRequired } from '../../../vaults/certificates/refusals.ts'
import { placeOf } from '../objects/kind.ts'
import { answer, type VaultContext, vaultOperation } from '../vault-operation.ts'
import { retryAfter, shownPending } from './certificate.ts'
import { checkIssuer } from './issuer-of-policy.ts'

const wish = z.looseObject({
  policy: z.unknown().optional(),
  attributes: attributesWish.nullish(),
  tags: tagsWish.nullish(),
})

/**
 * A new version, also of a certificate that there is already: then the policy may be left out. The answer says that it
 * has begun; for issuers in this house it is over by then.
 */
export const createCertificate = vaultOperation<'write'>({
  route: 'POST /certificates/:name/create',
  action: 'certificates/create/action',
  permission: 'certificates/create',
  verb: 'write',
  at: 'certificates',
  async run(cx) {
    const { attributes, tags, policy: wished } = checked(wish, await readJson(cx.request))
    const policy = await policyFor(cx, wished)
    await checkIssuer(cx, policy)
    const begun = await beginCertificate(
      cx.store,
      cx.grant,
      placeOf(cx, 'certificates'),
      { policy, enabled: attributes?.enabled ?? true, isRenewal: false, ...(tags ? { tags } : {}) },
      cx.now,
    )
    if (issuerKindOf(policy.issuer.name) !== 'unknown') await cx.certificateWork.attend(cx.vault, begun.object.name)

    const response = answer(cx, shownPending(begun.pending, { ...cx, ...begun }), 202)
    const query = `api-version=${cx.apiVersion}&request_id=${begun.pending.requestId}`
    response.headers.set('Location', `${cx.origin}/certificates/${begun.object.name}/pending?${query}`)
    for (const [name, value] of Object.entries(retryAfter(begun.pending))) response.headers.set(name, value)
    return response
  },
})

async function policyFor(cx: VaultContext<'write'>, wished: unknown): Promise<CertificatePolicy> {
  if (wished !== undefined && wished !== null) return policyOf(wished, cx.now)
  const object = await cx.store.vaultObjects.get(cx.grant, placeOf(cx, 'certificates'))
  if (!object) throw policyRequired()
  return recordOf(object).policy
}
