import type { Verb } from '../../access/grant.ts'
import { systemGrant } from '../../access/grant.ts'
import { type Call, type Context, type Operation, operation, type Params } from '../../door/operation.ts'
import type { Parts } from '../../parts.ts'
import type { ObjectKind } from '../../store/vault-objects.ts'
import type { Vault } from '../../store/vaults.ts'
import { checkName } from '../../vaults/add-version.ts'
import { invalidName, vaultNotFound } from '../../vaults/refusals.ts'
import { vaultApiVersion } from './api-version.ts'

const seeVault = systemGrant('see the vault that an operation works on')

/** What an operation of a vault knows besides what all of them do. */
export type VaultContext<V extends Verb = Verb> = Context<V> & {
  readonly vault: Vault
  readonly apiVersion: string
  /** `https://v.vault.azure.net`, as the client wrote it: ids of things begin with it. */
  readonly origin: string
  /** The `:name` of the route, which can be one; '' when the route has none. */
  readonly name: string
}

type Definition<V extends Verb> = {
  /** Below the vault: `GET /secrets/:name`. */
  readonly route: string
  /** Below `Microsoft.KeyVault/vaults/`. */
  readonly action: string
  /** What access policies call it: `secrets/get`. */
  readonly permission: `${'secrets' | 'keys' | 'certificates'}/${string}`
  readonly verb: V
  /** A role held at one object reaches what is asked of that object. Without it, it is asked of the vault. */
  readonly at?: ObjectKind
  /** Whether it changes something, where the verb does not say so. */
  readonly changes?: boolean
  run(cx: VaultContext<V>): Promise<Response> | Response
}

export function vaultOperation<V extends Verb>({
  route,
  action,
  permission,
  verb,
  at,
  changes,
  run,
}: Definition<V>): Operation {
  const [method, path] = route.split(' ')
  const name = `Microsoft.KeyVault/vaults/${action}`
  return operation<V>({
    name,
    route: `${method} /:vault${path}`,
    access: {
      verb,
      action: name,
      permission,
      dataAction: true,
      on: ({ vaultId = '', name: object }: Params) =>
        at === undefined || object === undefined ? vaultId : `${vaultId}/${at}/${object}`,
    },
    ...(changes === undefined ? {} : { changes }),
    async run(cx) {
      const apiVersion = vaultApiVersion(cx.url)
      const { vault: vaultName = '', name: object } = cx.params
      const vault = await cx.store.vaults.get(seeVault, vaultName)
      if (!vault) throw vaultNotFound(vaultName)
      return run({
        ...cx,
        vault,
        apiVersion,
        origin: cx.url.origin,
        name: object === undefined ? '' : nameOf(object, at),
      })
    },
  })
}

/** Throws 400. What a certificate of such a name would be asked for by, other things of the vault are asked for by. */
function nameOf(name: string, kind: ObjectKind | undefined): string {
  if (kind === 'certificates' && /^(contacts|issuers)$/i.test(name)) throw invalidName(name)
  return checkName(name)
}

/** An answer with the headers that clients and their logs expect of a vault. */
export const answer = (cx: VaultContext, body: unknown, status = 200): Response =>
  // Not by Response.json, which makes Headers of them.
  new Response(JSON.stringify(body), {
    status,
    headers: { 'content-type': 'application/json', ...vaultHeaders(cx, cx) },
  })

export const emptyAnswer = (cx: VaultContext): Response =>
  new Response(null, { status: 204, headers: vaultHeaders(cx, cx) })

export const vaultHeaders = (
  { control }: Pick<Parts, 'control'>,
  { params, peer }: Pick<Call, 'params' | 'peer'>,
): Record<string, string> => ({
  'x-ms-keyvault-region': params.location ?? '',
  'x-ms-keyvault-service-version': control.version,
  'x-ms-keyvault-network-info': `conn_type=Ipv4;addr=${peer.address};act_addr_fam=InterNetwork;`,
  'strict-transport-security': 'max-age=31536000;includeSubDomains',
})
