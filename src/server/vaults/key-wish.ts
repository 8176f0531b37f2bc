import * as z from 'zod'
import type { Vault } from '../store/vaults.ts'
import { attributesWish, tagsWish } from './attributes.ts'
import { curves, type KeyWish, octSizes, rsaSizes } from './cryptography/key-material.ts'
import { invalidProperty, unsupportedKeySize, unsupportedKeyType } from './cryptography/refusals.ts'
import { type KeyType, keyUses, softwareType } from './key-version.ts'
import { propertiesOf } from './properties.ts'
import { badParameter } from './refusals.ts'

/** What making, bringing and changing a key have in common. */
export const keyWish = z.looseObject({
  key_ops: z.array(z.enum([...keyUses, 'import', 'export'])).nullish(),
  attributes: attributesWish.extend({ exportable: z.boolean().nullish() }).nullish(),
  tags: tagsWish.nullish(),
  release_policy: z.unknown().optional(),
})

/** Throws 400 for what asks that the key may leave the vault. */
export function refuseRelease({ attributes, release_policy }: z.infer<typeof keyWish>): void {
  if (attributes?.exportable === true) {
    throw badParameter('Property attributes.exportable has invalid value: keys are never released from this vault.')
  }
  if (release_policy != null) throw badParameter('AKV.SKR.1005: Non-exportable keys must not have release policy')
}

export const uniqueUses = (uses: readonly string[] | null | undefined) => (uses ? { keyOps: [...new Set(uses)] } : {})

const types: readonly string[] = ['RSA', 'EC', 'oct'] satisfies KeyType[]

/**
 * Symmetric keys, which in Azure only a managed HSM has, are taken by every vault. Types that end in `-HSM` are for
 * premium vaults, as there; the protection is that of the others.
 */
export function keyType(vault: Pick<Vault, 'body'>, kty: string): KeyType {
  const isPremium = propertiesOf(vault).sku?.name === 'premium'
  if (types.includes(kty) || (isPremium && kty.endsWith('-HSM') && types.includes(kty.slice(0, -4)))) {
    return kty as KeyType
  }
  throw unsupportedKeyType(kty)
}

/** What to make, of what a client asked for; throws 400 where that is nothing that can be made. */
export function materialWish(
  kty: KeyType,
  {
    bits,
    crv,
    exponent,
  }: { [property in 'bits' | 'exponent']?: number | null | undefined } & { crv?: string | null | undefined },
): KeyWish {
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
