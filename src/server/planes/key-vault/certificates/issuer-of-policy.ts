import { systemGrant } from '../../../access/grant.ts'
import { issuerKindOf, issuerNamed, issuersOf } from '../../../vaults/certificates/issuers.ts'
import type { CertificatePolicy } from '../../../vaults/certificates/policy.ts'
import { issuerDisabled, unknownIssuer } from '../../../vaults/certificates/refusals.ts'
import type { VaultContext } from '../vault-operation.ts'

const lookUpIssuer = systemGrant('find the issuer that a policy names')

/** Throws 400 when the vault does not know the issuer: to name one, nobody needs the right to see them. */
export async function checkIssuer(
  { store, vault }: Pick<VaultContext, 'store' | 'vault'>,
  { issuer: { name } }: Pick<CertificatePolicy, 'issuer'>,
): Promise<void> {
  if (issuerKindOf(name) !== 'provider') return
  const issuer = issuerNamed(await issuersOf(store, lookUpIssuer, vault), name)
  if (!issuer) throw unknownIssuer(name)
  if (!issuer.enabled) throw issuerDisabled(name)
}
