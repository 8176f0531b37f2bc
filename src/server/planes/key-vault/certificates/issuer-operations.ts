import * as z from 'zod'
import { withoutNulls } from '../../../arm/envelope.ts'
import { readJson } from '../../../door/body.ts'
import { checkName } from '../../../vaults/add-version.ts'
import { checked } from '../../../vaults/attributes.ts'
import {
  type CertificateIssuer,
  isAcme,
  issuerKindOf,
  issuerNamed,
  issuersOf,
  putIssuer,
} from '../../../vaults/certificates/issuers.ts'
import { issuerIsBuiltIn, issuerNotFound } from '../../../vaults/certificates/refusals.ts'
import { badParameter } from '../../../vaults/refusals.ts'
import { seconds } from '../objects/kind.ts'
import { answer, type VaultContext, vaultOperation } from '../vault-operation.ts'

const text = z.string().max(1024)
const administrator = z.looseObject({
  first_name: text.nullish(),
  last_name: text.nullish(),
  email: text.nullish(),
  phone: text.nullish(),
})
const wish = z.looseObject({
  provider: text.min(1).nullish(),
  credentials: z.looseObject({ account_id: text.nullish(), pwd: text.nullish() }).nullish(),
  org_details: z
    .looseObject({ id: text.nullish(), admin_details: z.array(administrator).max(100).nullish() })
    .nullish(),
  attributes: z.looseObject({ enabled: z.boolean().nullish() }).nullish(),
})

/**
 * Authorities outside that certificates can be had from. Any ACME server is one: its provider is `ACME`, the
 * organization's id the address of its directory, account and password what binds the account where it wants that.
 * Others are kept as they are told, and issue nothing: their own interfaces are for their customers.
 */
export const issuerOperations = [
  vaultOperation<'read'>({
    route: 'GET /certificates/issuers',
    action: 'certificatecas/read',
    permission: 'certificates/listissuers',
    verb: 'read',
    async run(cx) {
      const issuers = Object.values(await issuersOf(cx.store, cx.grant, cx.vault))
      const value = issuers.map(issuer => ({ id: idOf(cx, issuer), provider: issuer.provider }))
      return answer(cx, { value, nextLink: null })
    },
  }),
  vaultOperation<'read'>({
    route: 'GET /certificates/issuers/:issuer',
    action: 'certificatecas/read',
    permission: 'certificates/getissuers',
    verb: 'read',
    async run(cx) {
      return answer(cx, shown(cx, found(cx, await issuersOf(cx.store, cx.grant, cx.vault))))
    },
  }),
  vaultOperation<'write'>({
    route: 'PUT /certificates/issuers/:issuer',
    action: 'certificatecas/write',
    permission: 'certificates/setissuers',
    verb: 'write',
    run: cx => put(cx, 'anew'),
  }),
  vaultOperation<'write'>({
    route: 'PATCH /certificates/issuers/:issuer',
    action: 'certificatecas/write',
    permission: 'certificates/setissuers',
    verb: 'write',
    run: cx => put(cx, 'some of it'),
  }),
  vaultOperation<'delete'>({
    route: 'DELETE /certificates/issuers/:issuer',
    action: 'certificatecas/delete',
    permission: 'certificates/deleteissuers',
    verb: 'delete',
    async run(cx) {
      const name = nameOf(cx)
      const issuer = await cx.store.write(async tx => {
        const there = found(cx, await issuersOf(tx, cx.grant, cx.vault))
        await putIssuer(tx, cx.grant, cx.vault, name, undefined)
        return there
      })
      return answer(cx, shown(cx, issuer))
    },
  }),
]

async function put(cx: VaultContext<'write'>, what: 'anew' | 'some of it'): Promise<Response> {
  const name = nameOf(cx)
  const wished = checked(wish, await readJson(cx.request))
  const issuer = await cx.store.write(async tx => {
    const all = await issuersOf(tx, cx.grant, cx.vault)
    const before = what === 'anew' ? issuerNamed(all, name) : found(cx, all)
    const next = changed(name, wished, what === 'anew' ? before && { created: before.created } : before, cx.now)
    const password = wished.credentials?.pwd
    await putIssuer(tx, cx.grant, cx.vault, name, next, password == null ? {} : { password })
    return next
  })
  return answer(cx, shown(cx, issuer))
}

function changed(
  name: string,
  { provider: wished, credentials, org_details, attributes }: z.infer<typeof wish>,
  before: Partial<CertificateIssuer> | undefined,
  now: number,
): CertificateIssuer {
  const provider = wished ?? before?.provider
  if (provider === undefined) throw badParameter('Property provider is required.')
  const accountId = credentials?.account_id ?? before?.accountId
  const orgDetails = org_details ? (withoutNulls(org_details) as Record<string, unknown>) : before?.orgDetails
  if (isAcme({ provider }) && !isWebAddress(orgDetails?.id)) throw noDirectory()
  return {
    name: before?.name ?? name,
    provider,
    ...(accountId === undefined ? {} : { accountId }),
    ...(orgDetails ? { orgDetails } : {}),
    enabled: attributes?.enabled ?? before?.enabled ?? true,
    created: before?.created ?? now,
    updated: now,
  }
}

const noDirectory = () =>
  badParameter(
    'Property org_details.id has invalid value: for the provider ACME it is the address of the directory, such as https://acme.example.com/directory.',
  )

/** Whoever may name an issuer has this server send requests there, so that it must at least be a server like it. */
const isWebAddress = (value: unknown) =>
  typeof value === 'string' && URL.canParse(value) && new URL(value).protocol === 'https:'

function nameOf({ params }: Pick<VaultContext, 'params'>): string {
  const name = checkName(params.issuer ?? '')
  if (issuerKindOf(name) !== 'provider') throw issuerIsBuiltIn(name)
  return name
}

function found(cx: Pick<VaultContext, 'params'>, issuers: Readonly<Record<string, CertificateIssuer>>) {
  const name = checkName(cx.params.issuer ?? '')
  const issuer = issuerNamed(issuers, name)
  if (!issuer) throw issuerNotFound(name)
  return issuer
}

const idOf = ({ origin }: Pick<VaultContext, 'origin'>, { name }: CertificateIssuer) =>
  `${origin}/certificates/issuers/${name}`

const shown = (cx: VaultContext, issuer: CertificateIssuer) => ({
  id: idOf(cx, issuer),
  provider: issuer.provider,
  // The password is never shown again.
  ...(issuer.accountId === undefined ? {} : { credentials: { account_id: issuer.accountId } }),
  ...(issuer.orgDetails ? { org_details: issuer.orgDetails } : {}),
  attributes: { enabled: issuer.enabled, created: seconds(issuer.created), updated: seconds(issuer.updated) },
})
