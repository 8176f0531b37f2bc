import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import type { Change, Grant } from '../../access/grant.ts'
import type { Reads, Writes } from '../../store/open.ts'
import type { KeptPlace, VaultPlace } from '../../store/vault-objects.ts'

/** The names under which issuers are known to every vault without anybody having told it of them. */
export const ownIssuers = { self: 'Self', unknown: 'Unknown', lazuli: 'Lazuli' } as const

export type IssuerKind = keyof typeof ownIssuers | 'provider'

/** `provider` is an issuer that somebody has put into the vault. */
export function issuerKindOf(name: string): IssuerKind {
  const kinds = Object.entries(ownIssuers) as [keyof typeof ownIssuers, string][]
  return kinds.find(([, own]) => own.toLowerCase() === name.toLowerCase())?.[0] ?? 'provider'
}

/** An issuer as it is kept, in Azure's shape, without its password. */
export type CertificateIssuer = {
  readonly name: string
  readonly provider: string
  readonly accountId?: string
  readonly orgDetails?: Readonly<Record<string, unknown>> & { readonly id?: string }
  readonly enabled: boolean
  /** Milliseconds. */
  readonly created: number
  readonly updated: number
}

export const isAcme = ({ provider }: Pick<CertificateIssuer, 'provider'>) => provider.toLowerCase() === 'acme'

/** What is sealed of an issuer. The account's key is made when the issuer is first asked. */
export type IssuerSecrets = { readonly password?: string; readonly accountKey?: string }

type Kept = { readonly issuers: Readonly<Record<string, CertificateIssuer>> }
type Sealed = Readonly<Record<string, IssuerSecrets>>

const placeOf = (vault: VaultPlace): KeptPlace => ({ vault, kind: 'settings', name: 'certificate-issuers' })

/** By their names in lower case. */
export async function issuersOf(
  { vaultObjects }: Pick<Reads, 'vaultObjects'>,
  grant: Grant,
  vault: VaultPlace,
): Promise<Kept['issuers']> {
  const kept = await vaultObjects.get(grant, placeOf(vault))
  return (kept?.body as Kept | undefined)?.issuers ?? {}
}

/** Not one of the things that every object has by birth. */
export const issuerNamed = (issuers: Kept['issuers'], name: string): CertificateIssuer | undefined =>
  Object.hasOwn(issuers, name.toLowerCase()) ? issuers[name.toLowerCase()] : undefined

export async function issuerSecretsOf(
  { vaultObjects }: Pick<Reads, 'vaultObjects'>,
  grant: Grant,
  vault: VaultPlace,
): Promise<Sealed> {
  const sealed = await vaultObjects.unseal(grant, placeOf(vault))
  return sealed ? JSON.parse(sealed.toString()) : {}
}

/** Changes one issuer, or takes it away. Password and account key stay as they are unless they are given. */
export async function putIssuer(
  tx: Pick<Writes, 'vaultObjects'>,
  grant: Grant<Change>,
  vault: VaultPlace,
  name: string,
  issuer: CertificateIssuer | undefined,
  secrets: IssuerSecrets = {},
): Promise<void> {
  const key = name.toLowerCase()
  const { [key]: _before, ...others } = await issuersOf(tx, grant, vault)
  const { [key]: sealedBefore, ...othersSealed } = await issuerSecretsOf(tx, grant, vault)
  const issuers = issuer ? { ...others, [key]: issuer } : others
  const sealed: Sealed = issuer ? { ...othersSealed, [key]: { ...sealedBefore, ...secrets } } : othersSealed
  await tx.vaultObjects.put(grant, placeOf(vault), { body: { issuers }, secret: JSON.stringify(sealed) })
}

/** The key by which an ACME server knows this vault. It is kept before it is used. */
export async function accountKeyOf(
  store: Pick<Reads, 'vaultObjects'> & { write<T>(work: (tx: Writes) => Promise<T>): Promise<T> },
  grant: Grant<Change>,
  vault: VaultPlace,
  issuer: CertificateIssuer,
): Promise<KeyObject> {
  const key = issuer.name.toLowerCase()
  const known = (await issuerSecretsOf(store, grant, vault))[key]?.accountKey
  if (known !== undefined) return createPrivateKey(known)
  const made = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
  const accountKey = made.export({ type: 'pkcs8', format: 'pem' }).toString()
  return store.write(async tx => {
    const now = (await issuerSecretsOf(tx, grant, vault))[key]?.accountKey
    if (now !== undefined) return createPrivateKey(now)
    await putIssuer(tx, grant, vault, issuer.name, issuer, { accountKey })
    return made
  })
}
