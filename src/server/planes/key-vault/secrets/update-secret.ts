import * as z from 'zod'
import { readJson } from '../../../door/body.ts'
import { attributesWish, checked, tagsWish } from '../../../vaults/attributes.ts'
import { contentTypeWish } from '../../../vaults/secret-value.ts'
import { placeOf } from '../objects/kind.ts'
import { scheduleNext } from '../objects/schedule.ts'
import { updateVersion } from '../objects/update.ts'
import { answer, type VaultContext, vaultOperation } from '../vault-operation.ts'
import { secretKind } from './secret.ts'

const wish = z.looseObject({
  contentType: contentTypeWish,
  attributes: attributesWish.nullish(),
  tags: tagsWish.nullish(),
})

/** Everything but the value, which is a new version's affair. */
export const updateSecret = ['', '/:version'].map(version =>
  vaultOperation<'write'>({
    route: `PATCH /secrets/:name${version}`,
    action: 'secrets/update/action',
    permission: 'secrets/set',
    verb: 'write',
    at: 'secrets',
    run: update,
  }),
)

async function update(cx: VaultContext<'write'>): Promise<Response> {
  const { contentType, ...rest } = checked(wish, await readJson(cx.request))
  const updated = await updateVersion(
    cx,
    secretKind,
    { ...rest, body: before => (contentType == null ? before : { ...before, contentType }) },
    tx => scheduleNext(tx, cx.grant, secretKind, placeOf(cx, 'secrets')),
  )
  return answer(cx, secretKind.bundle({ ...cx, ...updated }))
}
