import { type Lifetime, type OpenLazuli, openLazuli, type SomeonesAccess } from '../../testing/open-lazuli.ts'
import { webhdfsPlane } from './plane.ts'

export const audience = 'https://datalake.azure.net/'
const host = 'https://acct.azuredatalakestore.net'

/** One who asks; `path` begins behind `/webhdfs/v1`, and the query behind the operation's name. */
export type Client = {
  readonly objectId: string
  call(method: string, path: string, op: string, more?: Wish): Promise<Answer>
}

export type Wish = {
  readonly query?: string
  readonly body?: string | Uint8Array<ArrayBuffer>
  readonly extension?: true
  readonly address?: string
}

// biome-ignore lint/suspicious/noExplicitAny: a test says what it expects of a body by what it compares
export type Answer = { readonly status: number; readonly headers: Headers; readonly text: string; readonly body: any }

export type Lake = {
  readonly lazuli: OpenLazuli
  readonly accountId: string
  /** The owner of the account by role. */
  readonly admin: Client
  /** Somebody without any role. */
  someone(): Promise<Client>
  /** Asks with this token, or without one. */
  withToken(token: string | undefined, objectId?: string): Client
  /** Files as they are for whoever may see all: path to content, folders with a slash at the end. */
  tree(): Promise<Record<string, string>>
}

/** A Lazuli with one Data Lake Store account, called acct. */
export async function openLake(t: Lifetime): Promise<Lake> {
  const lazuli = await openLazuli(t, { planes: parts => [webhdfsPlane(parts)] })
  const arm = await lazuli.adminToken()
  const group = `${lazuli.subscription}/resourceGroups/g`
  const accountId = `${group}/providers/Microsoft.DataLakeStore/accounts/acct`
  const body = { location: 'westus', properties: {} }
  await lazuli.request('PUT', `${group}?api-version=2021-04-01`, { token: arm, body: { location: 'westus' } })
  await lazuli.request('PUT', `${accountId}?api-version=2016-11-01`, { token: arm, body })

  const withToken = (token: string | undefined, objectId = ''): Client => ({
    objectId,
    async call(method, path, op, { query = '', body, extension, address } = {}) {
      const place = extension ? '/webhdfsext' : '/webhdfs/v1'
      const url = `${host}${place}${path}?op=${op}${query === '' ? '' : `&${query}`}`
      const wish = { token, ...(body === undefined ? {} : { body }), ...(address ? { address } : {}) }
      const response = await lazuli.request(method, url, wish)
      const text = await response.text()
      const isJson = response.headers.get('content-type')?.startsWith('application/json') ?? false
      return { status: response.status, headers: response.headers, text, body: isJson ? JSON.parse(text) : undefined }
    },
  })
  const clientOf = async (one: SomeonesAccess) => withToken(await one.tokenFor(audience), one.objectId)
  const { objectId } = lazuli.administrator as { objectId?: string }
  const admin = withToken(await lazuli.adminToken(audience), objectId ?? '')

  const list = async (path: string, into: Record<string, string>) => {
    const { body } = await admin.call('GET', `${path}/`, 'LISTSTATUS')
    for (const { pathSuffix, type } of body.FileStatuses.FileStatus) {
      const child = `${path}/${pathSuffix}`
      if (type === 'DIRECTORY') {
        into[`${child}/`] = ''
        await list(child, into)
      } else into[child] = (await admin.call('GET', child, 'OPEN', { query: 'read=true' })).text
    }
    return into
  }
  return {
    lazuli,
    accountId,
    admin,
    withToken,
    someone: async () => clientOf(await lazuli.principal()),
    tree: () => list('', {}),
  }
}

/** Whether an answer is a certain refusal. */
export const refusalOf = ({ status, body }: Answer) => [status, body?.RemoteException?.exception]
