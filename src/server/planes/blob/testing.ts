import type { TestContext } from 'node:test'
import type { UserDelegationKey } from '@azure/storage-blob'
import { type OpenLazuli, openLazuli } from '../../testing/open-lazuli.ts'
import { blobPlane } from './plane.ts'

export const storageAudience = 'https://storage.azure.com/'
const version = { 'x-ms-version': '2021-06-08' }

export type OpenStorage = {
  readonly lazuli: OpenLazuli
  /** The ARM id of the account `acct1`. */
  readonly id: string
  readonly token: string
  /** `path` is below the account's address. */
  send(method: string, path: string, wish?: Sent): Promise<Answer>
  arm(method: string, path: string, body?: unknown): Promise<Answer>
}

type Sent = { token?: string | null; headers?: Record<string, string>; body?: string | Uint8Array<ArrayBuffer> }
export type Answer = { status: number; headers: Headers; text: string; bytes: Buffer }

/** A Lazuli with a storage account in it, whose administrator is Storage Blob Data Owner of everything. */
export async function openStorage(t: TestContext, properties: Record<string, unknown> = {}): Promise<OpenStorage> {
  const lazuli = await openLazuli(t, { planes: parts => [blobPlane(parts)] })
  const admin = await lazuli.adminToken()
  const arm = async (method: string, path: string, body?: unknown) =>
    answer(await lazuli.request(method, `${path}?api-version=2022-09-01`, { token: admin, body }))
  const group = `${lazuli.subscription}/resourceGroups/g`
  await arm('PUT', group, { location: 'westus' })
  const id = `${group}/providers/Microsoft.Storage/storageAccounts/acct1`
  await arm('PUT', id, { location: 'westus', sku: { name: 'Standard_LRS' }, kind: 'StorageV2', properties })
  const { token } = await lazuli.principal({ roles: [{ role: 'Storage Blob Data Owner' }], audience: storageAudience })
  return {
    lazuli,
    id,
    token,
    arm,
    async send(method, path, { token: other = token, headers = {}, body } = {}) {
      const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }
      return answer(
        await lazuli.request(method, `https://acct1.blob.core.windows.net${path}`, {
          token: other ?? undefined,
          headers: { ...version, ...(method === 'PUT' ? { 'content-length': '0' } : {}), ...length, ...headers },
          body,
        }),
      )
    },
  }
}

/** The first key of the account, as `listKeys` shows it. */
export async function keyOf({ arm, id }: OpenStorage): Promise<string> {
  const { keys } = JSON.parse((await arm('POST', `${id}/listKeys`)).text) as { keys: { value: string }[] }
  return keys[0]?.value ?? ''
}

/** A key for signatures of the caller's, for an hour, as the client library takes it. */
export async function delegationKeyOf({ send }: OpenStorage): Promise<UserDelegationKey> {
  const expiry = new Date(Date.now() + 3_600_000).toISOString().slice(0, 19)
  const body = `<KeyInfo><Expiry>${expiry}Z</Expiry></KeyInfo>`
  const { text } = await send('POST', '/?restype=service&comp=userdelegationkey', { body })
  const field = (name: string) => new RegExp(`<${name}>(.*?)</${name}>`).exec(text)?.[1] ?? ''
  return {
    signedObjectId: field('SignedOid'),
    signedTenantId: field('SignedTid'),
    signedStartsOn: new Date(field('SignedStart')),
    signedExpiresOn: new Date(field('SignedExpiry')),
    signedService: field('SignedService'),
    signedVersion: field('SignedVersion'),
    value: field('Value'),
  }
}

async function answer(response: Response): Promise<Answer> {
  const bytes = Buffer.from(await response.arrayBuffer())
  return { status: response.status, headers: response.headers, text: bytes.toString(), bytes }
}
