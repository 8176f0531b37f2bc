import * as z from 'zod'
import { readJson } from '../../../door/body.ts'
import { attributed, checked } from '../../../vaults/attributes.ts'
import {
  curves,
  generateMaterial,
  type KeyWish,
  octSizes,
  rsaSizes,
} from '../../../vaults/cryptography/key-material.ts'
import { invalidProperty, unsupportedKeySize } from '../../../vaults/cryptography/refusals.ts'
import { type KeyType, keyVersion, softwareType } from '../../../vaults/key-version.ts'
import { answer, vaultOperation } from '../vault-operation.ts'
import { addKeyVersion } from './add-key-version.ts'
import { keyKind } from './key.ts'
import { keyType, keyWish, refuseRelease, uniqueUses } from './key-wish.ts'

const wish = keyWish.extend({
  kty: z.string(),
  key_size: z.int().nullish(),
  crv: z.string().nullish(),
  public_exponent: z.int().nullish(),
})
type Wish = z.infer<typeof wish>

export const createKey = vaultOperation<'action'>({
  route: 'POST /keys/:name/create',
  action: 'keys/create/action',
  permission: 'keys/create',
  verb: 'action',
  at: 'keys',
  async run(cx) {
    const asked = checked(wish, await readJson(cx.request))
    refuseRelease(asked)
    const kty = keyType(cx, asked.kty)
    const attributes = attributed(asked)
    const material = await generateMaterial(materialWish(kty, asked))
    const version = { ...attributes, ...keyVersion(material, { kty, ...uniqueUses(asked.key_ops) }) }
    const made = await cx.store.write(tx => addKeyVersion(tx, cx, version))
    return answer(cx, keyKind.bundle({ ...cx, ...made }))
  },
})

function materialWish(kty: KeyType, { key_size: bits, crv, public_exponent: exponent }: Wish): KeyWish {
  const type = softwareType(kty)
  if (type === 'EC') {
    const curve = crv ?? 'P-256'
    if (!Object.hasOwn(curves, curve)) throw invalidProperty('crv')
    return { kty: 'EC', curve: curve as keyof typeof curves }
  }
  if (type === 'oct') {
    const size = octSizes.find(one => one === (bits ?? 256))
    if (!size) throw unsupportedKeySize(bits ?? 0, octSizes)
    return { kty: 'oct', size }
  }
  const size = rsaSizes.find(one => one === (bits ?? 2048))
  if (!size) throw unsupportedKeySize(bits ?? 0, rsaSizes)
  // With any other exponent, making a key can take endless or give a weak one.
  if (exponent != null && ![3, 17, 65_537].includes(exponent)) throw invalidProperty('public_exponent')
  return { kty: 'RSA', size, publicExponent: exponent ?? undefined }
}
