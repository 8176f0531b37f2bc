import { systemGrant } from '../../access/grant.ts'
import type { Call } from '../../door/operation.ts'
import type { Plane } from '../../door/plane.ts'
import type { AzureError } from '../../errors.ts'
import type { Parts } from '../../parts.ts'
import { jsonAnswer } from './answers.ts'
import { firewallAdmits } from './firewall.ts'
import { operations } from './operations.ts'
import { parametersOf } from './parameters.ts'
import { routeSegments } from './paths.ts'
import {
  accessDenied,
  accountNotFound,
  addressDenied,
  illegalArgument,
  signInRefused,
  unsupported,
} from './refusals.ts'

const findAccount = systemGrant('find the Data Lake Store account that an address names')

/** Data Lake Store, first generation: the file system of an account, as WebHDFS. */
export function webhdfsPlane({ store, tokens, directory }: Pick<Parts, 'store' | 'tokens' | 'directory'>): Plane {
  const challenge = `Bearer authorization_uri="https://login.windows.net/${directory.tenantId}"`
  return {
    name: 'webhdfs',
    operations,
    acceptsAudience: audience => tokens.audiences.serviceOf(audience) === 'data-lake',
    keepsDots: true,
    segments: routeSegments,
    query: parametersOf,

    async locate({ account: name = '' }) {
      const account = await store.dataLakeAccounts.get(findAccount, { name })
      if (!account) throw accountNotFound(name)
      return { accountId: account.id }
    },

    // Who may what is a matter of the files themselves, and asked where they are found.
    async permits(caller, { scope }, { peer }) {
      if (caller.kind !== 'principal') return undefined
      const account = await store.dataLakeAccounts.get(findAccount, { id: scope })
      if (!account) return undefined
      return (await firewallAdmits(store, account, peer.address)) ? 'allowed' : addressDenied(peer.address)
    },

    notFound: ({ url }) => unsupported(parametersOf(url).get('op')?.slice(0, 50) ?? ''),

    unauthenticated(_call, why) {
      const detail = why === 'missing' ? 'The Authorization header is missing.' : reasons[why]
      return signInRefused(detail, challenge)
    },

    forbidden: () => accessDenied(),

    renderError: (error, call) => render(error, call),
  }
}

const reasons = {
  invalid: 'The access token is invalid.',
  expired: 'The access token is expired.',
  audience: 'The access token has been obtained for another audience.',
  tenant: 'The access token is from another tenant.',
} as const

/** The form in which clients find the operation, the error's number and the request's id. */
function render(error: AzureError, call: Call): Response {
  const known = error.extra.javaClass === undefined ? asRemoteException(error) : error
  const { javaClass, hex } = known.extra as { javaClass: string; hex: string }
  const op = (parametersOf(call.url).get('op') ?? '')
    .toUpperCase()
    .replace(/[^A-Z]/g, '')
    .slice(0, 30)
  const message = `${op} failed with error ${hex} (${known.message}). [${call.requestId}][${new Date(call.now).toISOString()}]`
  return jsonAnswer(
    { RemoteException: { exception: known.code, message, javaClassName: javaClass } },
    { status: known.status, hex, headers: known.headers },
  )
}

/** What others than this plane say no with: the door, and whoever reads bodies. */
function asRemoteException(error: AzureError): AzureError {
  if (error.status < 500) return Object.assign(illegalArgument(error.message), { status: error.status })
  const extra = { javaClass: 'java.lang.RuntimeException', hex: '0x8309ffff' }
  return Object.assign(illegalArgument(error.message), {
    status: error.status,
    code: 'RuntimeException',
    extra,
    headers: error.headers,
  })
}
