/** What the tests of this folder share: the directory's API beside the authority, and someone to ask it. */

import assert from 'node:assert/strict'
import { type Lifetime, type OpenLazuli, openLazuli } from '../../testing/open-lazuli.ts'
import { authorityPlane } from '../authority/plane.ts'
import { graphPlane } from './plane.ts'

const graph = 'https://graph.microsoft.com'

export type GraphAnswer = { readonly status: number; readonly body: Record<string, unknown> }

export type OpenGraph = OpenLazuli & {
  /** As the administrator, unless another token is given. A path without a version is one of v1.0. */
  graph(method: string, path: string, body?: unknown, token?: string): Promise<GraphAnswer>
  /** The same, and the status must be the one expected. */
  made(path: string, body: unknown): Promise<Record<string, unknown>>
  /** Signs in as an application; the error numbers, or nothing when it worked. */
  signInErrors(form: Record<string, string>): Promise<unknown>
}

export async function openGraph(t: Lifetime): Promise<OpenGraph> {
  const lazuli = await openLazuli(t, { planes: parts => [authorityPlane(parts), graphPlane(parts)] })
  const ask = async (method: string, path: string, body?: unknown, token?: string): Promise<GraphAnswer> => {
    const versioned = /^\/(v1\.0|beta)\//.test(path) ? path : `/v1.0${path}`
    const response = await lazuli.request(method, graph + versioned, {
      token: token ?? (await lazuli.adminToken(graph)),
      ...(body === undefined ? {} : { body }),
    })
    const text = await response.text()
    return { status: response.status, body: text === '' ? {} : JSON.parse(text) }
  }
  return {
    ...lazuli,
    graph: ask,
    async made(path, body) {
      const answer = await ask('POST', path, body)
      assert.ok(answer.status === 201 || answer.status === 200, JSON.stringify(answer.body))
      return answer.body
    },
    async signInErrors(form) {
      const address = `https://login.microsoftonline.com/${lazuli.directory.tenantId}/oauth2/v2.0/token`
      const scope = 'https://management.azure.com/.default'
      const body = new URLSearchParams({ grant_type: 'client_credentials', scope, ...form })
      const response = await lazuli.request('POST', address, { body })
      return ((await response.json()) as { error_codes?: unknown }).error_codes
    },
  }
}

export const valuesOf = ({ body }: GraphAnswer): Record<string, unknown>[] => body.value as Record<string, unknown>[]
