import * as z from 'zod'
import { readJson } from '../../../door/body.ts'
import { addSecretVersion } from '../../../vaults/add-secret-version.ts'
import { attributed, attributesWish, checked, tagsWish } from '../../../vaults/attributes.ts'
import { contentTypeWish, secretValue } from '../../../vaults/secret-value.ts'
import { placeOf } from '../objects/kind.ts'
import { answer, vaultOperation } from '../vault-operation.ts'
import { secretKind } from './secret.ts'

const wish = z.looseObject({
  value: secretValue,
  contentType: contentTypeWish,
  attributes: attributesWish.nullish(),
  tags: tagsWish.nullish(),
})

/** Every time a new version, also with the old value. */
export const setSecret = vaultOperation<'write'>({
  route: 'PUT /secrets/:name',
  action: 'secrets/setSecret/action',
  permission: 'secrets/set',
  verb: 'write',
  at: 'secrets',
  async run(cx) {
    const { value, contentType, ...rest } = checked(wish, await readJson(cx.request))
    const version = {
      ...attributed(rest),
      body: contentType == null ? {} : { contentType },
      secret: value,
    }
    const made = await cx.store.write(tx => addSecretVersion(tx, cx.grant, placeOf(cx, 'secrets'), version, cx.now))
    cx.agents.certificateChanged(cx.vault.name, cx.name)
    return answer(cx, { value, ...secretKind.bundle({ ...cx, ...made }) })
  },
})
