import * as z from 'zod'
import { readJson } from '../../../door/body.ts'
import { addKeyVersion } from '../../../vaults/add-key-version.ts'
import { attributed, checked } from '../../../vaults/attributes.ts'
import { generateMaterial } from '../../../vaults/cryptography/key-material.ts'
import { keyVersion } from '../../../vaults/key-version.ts'
import { keyType, keyWish, materialWish, refuseRelease, uniqueUses } from '../../../vaults/key-wish.ts'
import { placeOf } from '../objects/kind.ts'
import { answer, vaultOperation } from '../vault-operation.ts'
import { keyKind } from './key.ts'

const wish = keyWish.extend({
  kty: z.string(),
  key_size: z.int().nullish(),
  crv: z.string().nullish(),
  public_exponent: z.int().nullish(),
})

export const createKey = vaultOperation<'action'>({
  route: 'POST /keys/:name/create',
  action: 'keys/create/action',
  permission: 'keys/create',
  verb: 'action',
  at: 'keys',
  async run(cx) {
    const asked = checked(wish, await readJson(cx.request))
    refuseRelease(asked)
    const kty = keyType(cx.vault, asked.kty)
    const attributes = attributed(asked)
    const material = await generateMaterial(
      materialWish(kty, { bits: asked.key_size, crv: asked.crv, exponent: asked.public_exponent }),
    )
    const version = { ...attributes, ...keyVersion(material, { kty, ...uniqueUses(asked.key_ops) }) }
    const made = await cx.store.write(tx => addKeyVersion(tx, cx.grant, placeOf(cx, 'keys'), version, cx.now))
    return answer(cx, keyKind.bundle({ ...cx, ...made }))
  },
})
