/** What a program knows of its cloud. With Azure itself, and under `lazuli exec`, all options are empty. */

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { ClientSecretCredential, EnvironmentCredential } from '@azure/identity'

const variable = (name: string): string => {
  const value = process.env[name]
  assert.ok(value, `${name} is not set`)
  return value
}

export { variable }
export const tenantId = variable('AZURE_TENANT_ID')
export const subscriptionId = variable('AZURE_SUBSCRIPTION_ID')

const cloud = process.env.LAZULI_URL

/** For credentials: our authority is none that Microsoft's directory of clouds knows. */
export const credentialOptions = cloud === undefined ? {} : { authorityHost: cloud, disableInstanceDiscovery: true }

/** For clients of the resource manager. */
export const clientOptions =
  cloud === undefined
    ? {}
    : { endpoint: cloud, credentials: { scopes: [`${cloud}/.default`] }, credentialScopes: [`${cloud}/.default`] }

export const resourceManager = cloud ?? 'https://management.azure.com'
export const graph = cloud === undefined ? 'https://graph.microsoft.com' : `${cloud}/graph`

/** Whoever AZURE_CLIENT_ID and its secret stand for. */
export const administrator = new EnvironmentCredential(credentialOptions)

export const applicationOf = (clientId: string, secret: string) =>
  new ClientSecretCredential(tenantId, clientId, secret, credentialOptions)

/** A name that no other test uses. */
export const unique = (prefix: string) => `${prefix}-${randomBytes(4).toString('hex')}`

/** What the client library says of an answer that is a refusal. */
export const refusal = (statusCode: number, code: string, message?: RegExp) => (error: unknown) => {
  assert.ok(error instanceof Error)
  const said = { statusCode: Reflect.get(error, 'statusCode'), code: Reflect.get(error, 'code') }
  assert.deepEqual(said, { statusCode, code }, error.message)
  if (message) assert.match(error.message, message)
  return true
}

export async function all<T>(list: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const one of list) found.push(one)
  return found
}

/** The claims of a token, which a program should not need but a test does. */
export function claimsOf(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
}
