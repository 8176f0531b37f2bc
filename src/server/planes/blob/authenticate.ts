import { systemGrant } from '../../access/grant.ts'
import { covers } from '../../access/scope.ts'
import { bearerToken } from '../../door/authenticate.ts'
import { rightsOf } from '../../door/authorize.ts'
import type { Call, Caller, Wish } from '../../door/operation.ts'
import type { Verdict } from '../../door/plane.ts'
import type { AzureError } from '../../errors.ts'
import type { Parts } from '../../parts.ts'
import { checkSas } from '../../signatures/check-sas.ts'
import { deriveDelegationKey } from '../../signatures/delegation-key.ts'
import { ipRange } from '../../signatures/ip-range.ts'
import { type Query, readQuery } from '../../signatures/query.ts'
import { failed, fieldsNotWellFormed, type Refusal } from '../../signatures/refusal.ts'
import { isRefusal, readSas, type Sas } from '../../signatures/sas.ts'
import { refusePermission, type SasOperation } from '../../signatures/sas-permissions.ts'
import { readSharedKey, refuseSharedKey, type SharedKey } from '../../signatures/shared-key.ts'
import type { StorageAccount } from '../../store/storage-accounts.ts'
import { addAction, tagActions } from './access.ts'
import { delegationSecret } from './delegation-secret.ts'
import { valuesIn } from './query.ts'
import * as refusals from './refusals.ts'

const checkSignature = systemGrant('check a signature with the keys and policies of its account')

/**
 * Who asks, by a key of the account or by a signature that was made with one. A header says it before a signature in the
 * address does. Undefined leaves it to the directory's token, or to nobody.
 */
export async function authenticate(parts: Parts, call: Call, account: StorageAccount): Promise<Caller | undefined> {
  const refusal = refusePlace(account, call)
  if (refusal) return { kind: 'rejected', error: refusal }

  const header = call.request.headers.get('authorization')
  const token = bearerToken(call.request)
  if (token !== undefined) {
    const refusal = refuseOldBearer(call)
    if (refusal || !/sduoid=/i.test(call.url.search)) return refusal
  } else if (header !== null) {
    const sharedKey = readSharedKey(header)
    if (!sharedKey) return rejected({ code: 'AuthenticationFailed', detail: 'Authentication scheme is not supported.' })
    return bySharedKey(parts, call, account, sharedKey)
  }
  const query = readQuery(call.url.search)
  const sas = readSas(query)
  if (!sas) return undefined
  if (isRefusal(sas)) return rejected(sas)
  const refused = await refuseUser(parts, sas, token)
  return refused ? rejected(refused) : bySas(parts, call, account, { sas, query })
}

/** A signature may be for one user alone, who then shows by a token that it is they. Any other token is as if none were there. */
async function refuseUser({ tokens, store }: Parts, sas: Sas, token: string | undefined): Promise<Refusal | undefined> {
  const [user, tenant] = [sas.field('sduoid'), sas.field('skdutid')]
  if (user === '') return undefined
  if (sas.kind !== 'delegation') return fieldsNotWellFormed()
  const verdict =
    token === undefined
      ? undefined
      : await tokens.verify(token, audience => tokens.audiences.serviceOf(audience) === 'storage')
  const oid = verdict?.valid ? verdict.claims.oid : undefined
  const isTheirs = verdict?.valid && sameText(oid, user) && (tenant === '' || sameText(verdict.claims.tid, tenant))
  const principal = isTheirs ? await store.principals.get(checkSignature, { objectId: user.toLowerCase() }) : undefined
  if (principal && !principal.disabled) return undefined
  return failed('The signature is for one user, and the request has no valid token of theirs.')
}

const sameText = (a: unknown, b: string) => typeof a === 'string' && a.toLowerCase() === b.toLowerCase()

const rejected = (refusal: Refusal): Caller => ({ kind: 'rejected', error: errorOf(refusal) })

const errorOf = ({ code, detail }: Refusal): AzureError =>
  code === 'AuthenticationFailed' ? refusals.authenticationFailed(detail ?? '') : refusals.authorizationMismatch(code)

/** What the account says before it is asked who comes. */
function refusePlace({ rules }: StorageAccount, { params, request, peer }: Call): AzureError | undefined {
  const version = request.headers.get('x-ms-version')
  const isVersion = version === null || (/^\d{4}-\d\d-\d\d$/.test(version) && version >= '2009-09-19')
  if (!isVersion) return refusals.invalidHeader('x-ms-version', version)
  const { allowByDefault, ranges } = rules.network
  if (!allowByDefault && !ranges.some(range => isWithin(range, peer.address))) return refusals.authorizationFailure()
  if (params.secondary !== undefined && !['GET', 'HEAD'].includes(request.method)) return refusals.writeOnSecondary()
  return undefined
}

/** `10.0.0.1` or `10.0.0.0/24`. */
function isWithin(range: string, address: string): boolean {
  const [network = '', bits = '32'] = range.split('/')
  const start = network.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
  const size = 2 ** (32 - Number(bits))
  const first = Math.floor(start / size) * size
  const dotted = (value: number) => [24, 16, 8, 0].map(shift => Math.floor(value / 2 ** shift) % 256).join('.')
  return ipRange(`${dotted(first)}-${dotted(first + size - 1)}`)?.(address) ?? false
}

/** Version 2017-11-09 is the first that knows tokens. */
function refuseOldBearer({ request }: Call): Caller | undefined {
  if ((request.headers.get('x-ms-version') ?? '') >= '2017-11-09') return undefined
  return rejected({
    code: 'AuthenticationFailed',
    detail: 'Authentication scheme Bearer is not supported in this version.',
  })
}

async function bySharedKey(parts: Parts, call: Call, account: StorageAccount, given: SharedKey): Promise<Caller> {
  if (!account.rules.sharedKey) return { kind: 'rejected', error: refusals.keyBasedAuthenticationNotPermitted() }
  const named = given.account.replace(/-secondary$/, '')
  if (named !== account.name)
    return rejected({ code: 'AuthenticationFailed', detail: 'The account name does not match that of the address.' })
  const keys = await parts.store.storageAccounts.keys(checkSignature, account)
  const { method, headers } = call.request
  const { search } = call.url
  const refusal = refuseSharedKey({ method, headers, path: call.pathname, search }, given, {
    keys: keys.map(key => key.value),
    now: call.now,
  })
  if (refusal) return rejected(refusal)
  return {
    kind: 'signature',
    by: 'key',
    name: `a key of ${account.name}`,
    permits: wish => (covers(account.id, wish.scope) ? 'allowed' : refusals.authorizationFailure()),
  }
}

async function bySas(
  parts: Parts,
  call: Call,
  account: StorageAccount,
  { sas, query }: { sas: Sas; query: Query },
): Promise<Caller> {
  const delegated = sas.kind === 'delegation'
  if (!delegated && !account.rules.sharedKey)
    return { kind: 'rejected', error: refusals.keyBasedAuthenticationNotPermitted() }
  const { container, blob } = call.params
  const [snapshot, version] = ['snapshot', 'versionid'].map(name => valuesIn(call.url, name)[0])
  const policy = container === undefined ? undefined : await policyOf(parts, account, container, sas.field('si'))
  const verdict = checkSas(sas, {
    place: {
      account: account.name,
      ...(container === undefined ? {} : { container }),
      ...(blob === undefined ? {} : { blob }),
      ...(snapshot ? { snapshot } : {}),
      ...(version ? { version } : {}),
    },
    insisted: { headers: call.request.headers, query },
    keys: delegated ? [await delegatedKey(parts, account, sas)] : await keysOf(parts, account),
    ...(policy ? { policy } : {}),
    now: call.now,
    address: call.peer.address,
    protocol: call.url.protocol === 'http:' ? 'http' : 'https',
  })
  if ('refusal' in verdict) return rejected(verdict.refusal)

  const permits = async (wish: Wish): Promise<Verdict> => {
    // A second permission, for the tags of what the request names, is asked for by its action alone.
    const signed = wish.permission ?? signedAs[wish.action]
    if (!covers(account.id, wish.scope) || signed === undefined) return refusals.permissionMismatch()
    if (sas.kind !== 'account' && !isSignedFor(sas, call, wish)) return refusals.permissionMismatch()
    // Who may only add is asked for after it has turned out that writing is more than was signed for.
    const exists = () => wish.action !== addAction
    const refusal = await refusePermission(sas, verdict.permission, signed as SasOperation, exists)
    return refusal ? errorOf(refusal) : 'allowed'
  }
  const by = 'shared access signature'
  if (!delegated) return { kind: 'signature', by, name: `a signature by a key of ${account.name}`, permits }

  // Who signed may be able to do less by now than the key's time would have it.
  const principal = await parts.store.principals.get(checkSignature, { objectId: sas.field('skoid') })
  if (!principal || principal.disabled) return rejected({ code: 'AuthorizationPermissionMismatch' })
  const may = await rightsOf(parts, { kind: 'principal', principal, claims: {} })
  return {
    kind: 'signature',
    by,
    name: `a signature by ${principal.objectId}`,
    async permits(wish) {
      const verdict = await permits(wish)
      if (verdict !== 'allowed') return verdict
      return may(wish.action, wish.scope, wish.dataAction ? 'data' : undefined)
        ? 'allowed'
        : refusals.permissionMismatch()
    },
  }
}

/** Not the reading of blobs: what a request goes on to read is another blob than the one it was signed for. */
const signedAs: Readonly<Record<string, SasOperation>> = {
  [tagActions.read]: 'blobTags',
  [tagActions.write]: 'blobTags',
}

/** A signature for one blob opens no other that the same request goes on to. */
function isSignedFor(sas: Sas, { params }: Call, { scope }: Wish): boolean {
  const container = `${params.accountId}/blobServices/default/containers/${params.container}`
  return covers(container, scope) && (sas.field('sr') === 'c' || params.blob !== undefined)
}

async function keysOf({ store }: Parts, account: StorageAccount): Promise<Uint8Array[]> {
  return (await store.storageAccounts.keys(checkSignature, account)).map(key => key.value)
}

async function delegatedKey(parts: Parts, account: StorageAccount, sas: Sas): Promise<Uint8Array> {
  return deriveDelegationKey(await delegationSecret(parts.store), {
    account: account.name,
    objectId: sas.field('skoid'),
    tenantId: sas.field('sktid'),
    start: sas.field('skt'),
    expiry: sas.field('ske'),
    service: sas.field('sks'),
    version: sas.field('skv'),
    delegatedTenantId: sas.field('skdutid'),
    revocations: account.revocations,
  })
}

async function policyOf({ store }: Parts, account: StorageAccount, containerName: string, id: string) {
  if (id === '') return undefined
  const container = await store.blobContainers.get(checkSignature, account, containerName)
  return container?.policies.find(policy => policy.id === id)
}
