import * as z from 'zod'
import { readJson } from '../../../door/body.ts'
import { newVersionId } from '../../../vaults/add-version.ts'
import { attributesWish, checked, tagsWish } from '../../../vaults/attributes.ts'
import { mayBegin, reserveNames } from '../../../vaults/certificates/begin.ts'
import { addIssued } from '../../../vaults/certificates/complete.ts'
import { secretOf } from '../../../vaults/certificates/content.ts'
import { policyOfImport, readImport } from '../../../vaults/certificates/import.ts'
import { policyWish } from '../../../vaults/certificates/policy.ts'
import { placeOf } from '../objects/kind.ts'
import { answer, vaultOperation } from '../vault-operation.ts'
import { certificateKind } from './certificate.ts'
import { checkIssuer } from './issuer-of-policy.ts'

const wish = z.looseObject({
  value: z.string().min(1),
  pwd: z.string().max(200).nullish(),
  policy: policyWish.nullish(),
  attributes: attributesWish.nullish(),
  tags: tagsWish.nullish(),
  preserveCertOrder: z.boolean().nullish(),
})

/** A certificate with its key, made elsewhere. Opening it happens off the event loop and within limits. */
export const importCertificate = vaultOperation<'write'>({
  route: 'POST /certificates/:name/import',
  action: 'certificates/import/action',
  permission: 'certificates/import',
  verb: 'write',
  at: 'certificates',
  async run(cx) {
    const { value, pwd, attributes, tags, ...rest } = checked(wish, await readJson(cx.request))
    const place = placeOf(cx, 'certificates')
    mayBegin(place, await cx.store.vaultObjects.get(cx.grant, place))
    const preserveOrder = rest.preserveCertOrder === true
    const readPfx = cx.pfxTurns.of(cx.vault)
    const imported = await readImport(readPfx, { value, password: pwd ?? '', preserveOrder }, cx.now)
    const policy = await policyOfImport(rest.policy, imported, cx.now)
    await checkIssuer(cx, policy)
    const secret = await secretOf({ ...imported, policy })
    const issued = {
      ...imported,
      version: newVersionId(),
      secret,
      policy,
      enabled: attributes?.enabled ?? true,
      ...(tags ? { tags } : {}),
      ...(preserveOrder ? { preserveCertOrder: true } : {}),
    }
    const made = await cx.store.write(async tx => {
      mayBegin(place, await tx.vaultObjects.get(cx.grant, place))
      await reserveNames(tx, place)
      // What was pending is over, and forgotten with the version that takes its place.
      return addIssued(tx, cx.grant, place, issued, () => ({ policy }), cx.now)
    })
    cx.agents.certificateChanged(cx.vault.name, cx.name)
    return answer(cx, certificateKind.bundle({ ...cx, ...made }))
  },
})
