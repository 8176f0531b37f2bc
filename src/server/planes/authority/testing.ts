/** What the tests of this folder share: an authority to ask, and jose as the judge of what it hands out. */

import { createHash, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto'
import type { TestContext } from 'node:test'
import { createLocalJWKSet, type JWTPayload, type JWTVerifyOptions, jwtVerify } from 'jose'
import { systemGrant } from '../../access/grant.ts'
import { passwordVerifier } from '../../directory/credentials.ts'
import type { Application } from '../../store/applications.ts'
import type { Credential } from '../../store/principals.ts'
import { type OpenLazuli, openLazuli } from '../../testing/open-lazuli.ts'
import { selfSignedCertificate } from '../../tokens/self-signed.ts'
import { authorityPlane } from './plane.ts'

const arrange = systemGrant('arrange a test')

export const azureCli = '04b07795-8ddb-461a-bbee-02f9e1bf7b46'
export const armScope = 'https://management.azure.com/.default'
const login = 'https://login.microsoftonline.com'

export type Answer = { readonly status: number; readonly headers: Headers; readonly body: Record<string, unknown> }

type AskOptions = { path?: string; headers?: Record<string, string>; address?: string; origin?: string }

export type OpenAuthority = OpenLazuli & {
  /** Posts a form to a token endpoint; v2 of the tenant unless said otherwise. */
  ask(form: Record<string, string>, options?: AskOptions): Promise<Answer>
  get(path: string, origin?: string): Promise<Answer>
  /** The claims of a token that is good by the published keys, at Lazuli's own time. */
  verified(token: unknown, expected?: JWTVerifyOptions): Promise<JWTPayload>
  /** A registered application with its service principal. */
  application(wish?: { body?: Record<string, unknown>; withoutServicePrincipal?: true }): Promise<Application>
  credential(objectId: string, credential: Pick<Credential, 'kind' | 'verifier'> & Partial<Credential>): Promise<void>
  user(wish?: { disabled?: true }): Promise<{ objectId: string; username: string; password: string }>
}

export async function openAuthority(t: TestContext, fetch?: typeof globalThis.fetch): Promise<OpenAuthority> {
  const lazuli = await openLazuli(t, {
    planes: parts => [authorityPlane(parts, fetch === undefined ? {} : { fetch })],
  })
  const { store, directory, clock } = lazuli
  const tenantPath = `/${directory.tenantId}/oauth2/v2.0/token`

  const get = async (path: string, origin = login) => read(await lazuli.request('GET', origin + path))
  return {
    ...lazuli,
    get,
    async ask(form, { path = tenantPath, origin = login, ...options } = {}) {
      return read(await lazuli.request('POST', origin + path, { ...options, body: new URLSearchParams(form) }))
    },
    async verified(token, expected = {}) {
      const { body } = await get(`/${directory.tenantId}/discovery/v2.0/keys`)
      const keys = createLocalJWKSet(body as unknown as Parameters<typeof createLocalJWKSet>[0])
      const { payload } = await jwtVerify(String(token), keys, { currentDate: new Date(clock.now()), ...expected })
      return payload
    },
    async application({ body = {}, withoutServicePrincipal } = {}) {
      return store.write(async tx => {
        const clientId = crypto.randomUUID()
        const application = await tx.applications.put(arrange, {
          objectId: crypto.randomUUID(),
          clientId,
          displayName: 'an application',
          body,
        })
        if (!withoutServicePrincipal) {
          await tx.principals.put(arrange, {
            objectId: crypto.randomUUID(),
            kind: 'application',
            displayName: 'an application',
            clientId,
            applicationObjectId: application.objectId,
          })
        }
        return application
      })
    },
    async credential(objectId, credential) {
      await store.write(tx =>
        tx.principals.putCredential(arrange, { id: crypto.randomUUID(), objectId, ...credential }),
      )
    },
    async user({ disabled } = {}) {
      const objectId = crypto.randomUUID()
      const username = `user-${objectId}@${directory.tenantDomain}`
      const password = randomBytes(12).toString('base64url')
      const verifier = await passwordVerifier(password, 4)
      await store.write(async tx => {
        await tx.principals.put(arrange, {
          objectId,
          kind: 'user',
          displayName: 'A Person',
          userPrincipalName: username,
          ...(disabled ? { disabled } : {}),
        })
        await tx.principals.putCredential(arrange, { id: crypto.randomUUID(), objectId, kind: 'password', verifier })
      })
      return { objectId, username, password }
    },
  }
}

async function read(response: Response): Promise<Answer> {
  const text = await response.text()
  const body = response.headers.get('content-type')?.startsWith('application/json') ? JSON.parse(text) : { text }
  return { status: response.status, headers: response.headers, body }
}

export type KeyAndCertificate = {
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
  readonly verifier: string
  readonly x5t: string
  readonly x5tS256: string
}

export async function keyAndCertificate(): Promise<KeyAndCertificate> {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const der = await selfSignedCertificate({ commonName: 'client', privateKey, publicKey, now: Date.now() })
  const hash = (name: string) => createHash(name).update(der).digest('base64url')
  return { privateKey, publicKey, verifier: der.toString('base64'), x5t: hash('sha1'), x5tS256: hash('sha256') }
}
