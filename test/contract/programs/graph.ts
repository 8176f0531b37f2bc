/** The directory, which has no client library of its own: plain HTTP with `fetch`. */

import assert from 'node:assert/strict'
import { administrator, applicationOf, graph, unique } from './azure.ts'

/** One request as the administrator. Fails, with what the directory says, for anything but success. */
export async function directory<Shape>(method: string, path: string, body?: unknown): Promise<Shape> {
  const { token } = await administrator.getToken(`${graph}/.default`)
  const response = await fetch(`${graph}/v1.0${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  assert.ok(response.ok, `${method} ${path}: ${response.status} ${text}`)
  return (text === '' ? undefined : JSON.parse(text)) as Shape
}

/** A new application that can sign in. `objectId` is its service principal's: what roles are assigned to. */
export async function newApplication() {
  const application = await directory<{ id: string; appId: string }>('POST', '/applications', {
    displayName: unique('application'),
  })
  const principal = await directory<{ id: string }>('POST', '/servicePrincipals', { appId: application.appId })
  const { secretText } = await directory<{ secretText: string }>(
    'POST',
    `/applications/${application.id}/addPassword`,
    {
      passwordCredential: { displayName: 'test' },
    },
  )
  return {
    applicationId: application.id,
    clientId: application.appId,
    objectId: principal.id,
    secret: secretText,
    credential: applicationOf(application.appId, secretText),
  }
}
