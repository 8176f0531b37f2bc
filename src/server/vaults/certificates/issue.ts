import { createPublicKey, type KeyObject, type X509Certificate } from 'node:crypto'
import { orderBundle } from '../../../certificate-bundle/chain.ts'
import { BundleFailure } from '../../../certificate-bundle/failure.ts'
import { readPem } from '../../../certificate-bundle/pem.ts'
import type { Change, Grant } from '../../access/grant.ts'
import type { IssuingAuthority } from '../../certificates/issuing-authority.ts'
import type { ShiftableClock } from '../../clock.ts'
import type { Store } from '../../store/open.ts'
import type { ObjectPlace } from '../../store/vault-objects.ts'
import { AcmeFailure } from './acme/failure.ts'
import { profileOfPolicy, validityFrom } from './content.ts'
import type { HttpChallenges } from './http-challenges.ts'
import {
  accountKeyOf,
  type CertificateIssuer,
  isAcme,
  issuerKindOf,
  issuerNamed,
  issuerSecretsOf,
  issuersOf,
} from './issuers.ts'
import type { CertificatePolicy } from './policy.ts'

export type IssuerParts = {
  readonly store: Pick<Store, 'vaultObjects' | 'write'>
  readonly clock: ShiftableClock
  readonly issuingAuthority: IssuingAuthority
  readonly httpChallenges: HttpChallenges
  readonly fetch: typeof fetch
}

/** Why there is no certificate. What may pass is tried again. */
export class IssuingFailure extends Error {
  readonly mayPass: boolean

  constructor(message: string, options: { mayPass: boolean; cause?: unknown }) {
    super(message, options.cause === undefined ? {} : { cause: options.cause })
    this.mayPass = options.mayPass
  }
}

export type Wanted = { readonly policy: CertificatePolicy; readonly key: KeyObject; readonly csr: Buffer }

/** The certificate and what certifies it, from the leaf upwards. Throws IssuingFailure. */
export async function issue(
  parts: IssuerParts,
  grant: Grant<Change>,
  place: ObjectPlace,
  { policy, key, csr }: Wanted,
  signal: AbortSignal,
): Promise<readonly X509Certificate[]> {
  const profile = profileOfPolicy(policy)
  const validity = validityFrom(parts.clock, policy.x509_props.validity_months)
  switch (issuerKindOf(policy.issuer.name)) {
    case 'self': {
      const { certify } = await import('../../certificates/certify.ts')
      return [await certify(profile, { ...validity, selfSignedWith: key })]
    }
    case 'lazuli':
      return parts.issuingAuthority.issue(profile, { ...validity, publicKey: createPublicKey(key) })
    case 'provider':
      return issuedByProvider(parts, grant, place, { policy, key, csr }, signal)
    case 'unknown':
      throw new Error('nobody issues what a person is to bring')
  }
}

async function issuedByProvider(
  parts: IssuerParts,
  grant: Grant<Change>,
  place: ObjectPlace,
  { policy, key, csr }: Wanted,
  signal: AbortSignal,
): Promise<readonly X509Certificate[]> {
  const { vault } = place
  const issuer = issuerNamed(await issuersOf(parts.store, grant, vault), policy.issuer.name)
  if (!issuer?.enabled) {
    const why = issuer ? 'is disabled' : 'is not in the vault any more'
    throw new IssuingFailure(`The issuer ${policy.issuer.name} ${why}`, { mayPass: false })
  }
  if (!isAcme(issuer)) {
    throw new IssuingFailure(`The provider ${issuer.provider} cannot be asked from here: only ACME can`, {
      mayPass: false,
    })
  }
  const { issueByAcme } = await import('./acme/issue-by-acme.ts')
  const { password } = (await issuerSecretsOf(parts.store, grant, vault))[issuer.name.toLowerCase()] ?? {}
  const { accountId } = issuer
  const bound = accountId !== undefined && password !== undefined
  try {
    const pem = await issueByAcme(
      {
        directoryUrl: directoryOf(issuer),
        accountKey: await accountKeyOf(parts.store, grant, vault, issuer),
        contacts: administratorsOf(issuer),
        ...(bound ? { externalAccount: { keyId: accountId, key: password } } : {}),
        fetch: parts.fetch,
        challenges: parts.httpChallenges,
        signal,
      },
      { csr, names: namesOf(policy) },
    )
    const { certificates } = readPem(pem)
    return orderBundle({ certificates, keys: [key.export({ type: 'pkcs8', format: 'der' })] }).chain
  } catch (error) {
    if (error instanceof AcmeFailure) throw new IssuingFailure(error.message, { mayPass: error.mayPass, cause: error })
    if (error instanceof BundleFailure) {
      throw new IssuingFailure(`What the issuer sent is no certificate for this key: ${error.message}`, {
        mayPass: false,
        cause: error,
      })
    }
    throw error
  }
}

/** Where Azure has the customer's number at the issuer, an ACME issuer has the address of its directory. */
export const directoryOf = ({ orgDetails }: CertificateIssuer) => String(orgDetails?.id ?? '')

const namesOf = (policy: CertificatePolicy): readonly string[] => {
  const { dnsNames, addresses } = profileOfPolicy(policy).alternativeNames
  return [...dnsNames, ...addresses]
}

function administratorsOf({ orgDetails }: CertificateIssuer): string[] {
  const all = orgDetails?.admin_details
  if (!Array.isArray(all)) return []
  return all.map(one => String(one?.email ?? '')).filter(email => email.includes('@'))
}
