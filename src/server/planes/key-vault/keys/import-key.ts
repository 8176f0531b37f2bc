import * as z from 'zod'
import { readJson } from '../../../door/body.ts'
import { addKeyVersion } from '../../../vaults/add-key-version.ts'
import { attributed, checked } from '../../../vaults/attributes.ts'
import { materialOfJwk } from '../../../vaults/cryptography/json-web-key.ts'
import { invalidProperty, unsupportedKeySize } from '../../../vaults/cryptography/refusals.ts'
import { keyVersion, softwareType } from '../../../vaults/key-version.ts'
import { keyType, keyWish, refuseRelease, uniqueUses } from '../../../vaults/key-wish.ts'
import { placeOf } from '../objects/kind.ts'
import { answer, vaultOperation } from '../vault-operation.ts'
import { keyKind } from './key.ts'

const member = z.string().max(2048).nullish()

const wish = keyWish.extend({
  Hsm: z.boolean().nullish(),
  key: z.looseObject({
    kty: z.string(),
    key_ops: keyWish.shape.key_ops,
    crv: member,
    n: member,
    e: member,
    d: member,
    p: member,
    q: member,
    dp: member,
    dq: member,
    qi: member,
    x: member,
    y: member,
    k: member,
  }),
})

/** A key that somebody brings along becomes a new version, as if it had been made here. */
export const importKey = vaultOperation<'write'>({
  route: 'PUT /keys/:name',
  action: 'keys/import/action',
  permission: 'keys/import',
  verb: 'write',
  at: 'keys',
  async run(cx) {
    const asked = checked(wish, await readJson(cx.request))
    refuseRelease(asked)
    const brought = asked.key
    // What is to be protected by hardware is said in either of two ways.
    const wanted = asked.Hsm === true && !brought.kty.endsWith('-HSM') ? `${brought.kty}-HSM` : brought.kty
    const kty = keyType(cx.vault, wanted)
    const attributes = attributed(asked)
    const members = Object.fromEntries(Object.entries(brought).filter(([, value]) => typeof value === 'string'))
    const material = await materialOfJwk(softwareType(kty), members)
    if ('invalid' in material) throw invalidProperty(`key.${material.invalid}`)
    if ('sizes' in material) throw unsupportedKeySize(material.size, material.sizes)
    const keyOps = uniqueUses(brought.key_ops ?? asked.key_ops)
    const version = { ...attributes, ...keyVersion(material, { kty, ...keyOps }) }
    const made = await cx.store.write(tx => addKeyVersion(tx, cx.grant, placeOf(cx, 'keys'), version, cx.now))
    return answer(cx, keyKind.bundle({ ...cx, ...made }))
  },
})
