/** One HTTPS request and its answer, whatever the status. */

import { type Agent, request as httpsRequest } from 'node:https'

// biome-ignore lint/suspicious/noExplicitAny: what a test expects of a body it says by what it compares
export type Answer<Body = any> = {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** Parsed where it is JSON, else the text. */
  readonly body: Body
}

export type Asked = {
  readonly agent: Agent
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array | undefined
}

const limitMs = 60_000

/** Rejects only when there is no answer. */
export function exchange<Body>(
  method: string,
  url: string,
  { agent, headers = {}, body }: Asked,
): Promise<Answer<Body>> {
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }
    const signal = AbortSignal.timeout(limitMs)
    const request = httpsRequest(url, { method, agent, signal, headers: { ...length, ...headers } }, response => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8')
        const isJson = /\bjson\b/.test(response.headers['content-type'] ?? '')
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: (isJson && text !== '' ? JSON.parse(text) : text) as Body,
        })
      })
    })
    request.on('error', reject)
    request.end(body)
  })
}
