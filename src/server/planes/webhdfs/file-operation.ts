import type { Grant } from '../../access/grant.ts'
import type { Context, Operation } from '../../door/operation.ts'
import { operation } from '../../door/operation.ts'
import type { DataLakeAccount } from '../../store/data-lake-accounts.ts'
import type { Identity } from './acl.ts'
import { parametersOf } from './parameters.ts'
import { readPath } from './paths.ts'
import { accountNotFound } from './refusals.ts'
import { type Way, walk } from './walk.ts'

/** What an operation is asked: by whom, about which path of which account. */
export type Ask<V extends 'read' | 'write'> = {
  readonly cx: Context<V>
  readonly grant: Grant<V>
  readonly account: DataLakeAccount
  readonly who: Identity
  readonly path: readonly string[]
  /** How far the path went when the request came. Whatever changes something looks again where it changes it. */
  readonly way: Way
  readonly parameters: URLSearchParams
}

type Definition<V extends 'read' | 'write'> = {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE'
  readonly op: string
  /** The same under another name. */
  readonly alias?: string
  /** A further condition on the query. */
  readonly query?: string
  /** Of the service's own, at an address of their own. */
  readonly isExtension?: true
  readonly verb: V
  run(ask: Ask<V>): Promise<Response>
}

/**
 * An operation on files. Whoever has signed in holds a grant for the account, which opens nothing by itself: each
 * operation asks the permissions of the files that it finds, and those that change something do so in the transaction
 * in which they change it (`walk.ts`).
 */
export function fileOperation<V extends 'read' | 'write'>(definition: Definition<V>): readonly Operation[] {
  const { method, op, alias, query, isExtension, verb, run } = definition
  const place = isExtension ? '/:account/webhdfsext/:path*' : '/:account/webhdfs/v1/:path*'
  return [op, ...(alias ? [alias] : [])].map(name =>
    operation<V>({
      name: `Microsoft.DataLakeStore/accounts/files/${[name, ...(query ? ['again'] : [])].join('/')}`,
      route: `${method} ${place}`,
      query: [`op=${name}`, ...(query ? [query] : [])].join('&'),
      access: { verb, action: `Microsoft.DataLakeStore/accounts/files/${name}`, on: ({ accountId = '' }) => accountId },
      run: async cx => run(await askOf(cx)),
    }),
  )
}

async function askOf<V extends 'read' | 'write'>(cx: Context<V>): Promise<Ask<V>> {
  const { account: name = '', path = '' } = cx.params
  const account = await cx.store.dataLakeAccounts.get(cx.grant, { name })
  if (!account) throw accountNotFound(name)
  if (cx.caller.kind !== 'principal') throw new Error('files are for principals only')
  const { principal, claims } = cx.caller
  const who: Identity = {
    objectId: principal.objectId,
    groups: Array.isArray(claims.groups) ? claims.groups.map(String) : [],
    isSuperUser: await cx.mayI('Microsoft.Authorization/roleAssignments/write', account.id),
  }
  const asked = { cx, grant: cx.grant, account, who, path: readPath(path), parameters: parametersOf(cx.url) }
  // Before anything of the request is read: who may not even come here hears nothing else.
  return { ...asked, way: await walk(cx.store.dataLakeFiles, asked, asked.path) }
}
