import * as z from 'zod'
import { attributesWish, tagsWish } from '../../../vaults/attributes.ts'
import { unsupportedKeyType } from '../../../vaults/cryptography/refusals.ts'
import { type KeyType, keyUses } from '../../../vaults/key-version.ts'
import { propertiesOf } from '../../../vaults/properties.ts'
import { badParameter } from '../../../vaults/refusals.ts'
import type { VaultContext } from '../vault-operation.ts'

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
export function keyType({ vault }: Pick<VaultContext, 'vault'>, kty: string): KeyType {
  const isPremium = propertiesOf(vault).sku?.name === 'premium'
  if (types.includes(kty) || (isPremium && kty.endsWith('-HSM') && types.includes(kty.slice(0, -4)))) {
    return kty as KeyType
  }
  throw unsupportedKeyType(kty)
}
