import { request as httpsRequest } from 'node:https'
import { Failure, failed } from './failure.ts'
import type { Installation } from './installation.ts'

export type Answer = {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
}

/** The administrator's way to the server, over the same API as everybody's. */
export type Client = {
  /** Sends `body` as JSON. Every status is an answer; rejects only when there is none. */
  send(method: string, path: string, body?: unknown): Promise<Answer>
  /** Like `send`, for when only success is of use: rejects with what the server says against it. */
  ask<Shape>(method: string, path: string, body?: unknown): Promise<Shape>
  /** Like `ask`, with a body that is sent as it is. */
  upload<Shape>(path: string, content: Uint8Array): Promise<Shape>
}

type Target = Pick<Installation, 'server' | 'caPem'>

const limitMs = 30_000

/** Asks for an administrator's token. */
export async function signIn(installation: Installation): Promise<Client> {
  const { administrator } = installation
  const form = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: administrator.clientId,
    client_secret: administrator.clientSecret,
    scope: 'https://management.azure.com/.default',
  })
  const answer = await exchange(installation, 'POST', `/${administrator.tenantId}/oauth2/v2.0/token`, {
    contentType: 'application/x-www-form-urlencoded',
    body: form.toString(),
  })
  if (answer.status !== 200) throw failed(`The server does not let the administrator in: ${complaint(answer)}`)
  const { access_token: token }: { access_token: string } = JSON.parse(answer.text)

  const send = (method: string, path: string, body?: unknown) =>
    exchange(installation, method, path, {
      token,
      ...(body === undefined ? {} : { contentType: 'application/json', body: JSON.stringify(body) }),
    })
  return {
    send,
    ask: async <Shape>(method: string, path: string, body?: unknown) => wanted<Shape>(await send(method, path, body)),
    upload: async <Shape>(path: string, content: Uint8Array) =>
      wanted<Shape>(
        await exchange(installation, 'PUT', path, { token, contentType: 'application/zip', body: content }),
      ),
  }
}

function wanted<Shape>(answer: Answer): Shape {
  if (answer.status >= 400) throw failed(complaint(answer))
  return (answer.text === '' ? undefined : JSON.parse(answer.text)) as Shape
}

type Content = { readonly token?: string; readonly contentType?: string; readonly body?: string | Uint8Array }

/** One request over a connection of its own, whose end is the end of it: nothing keeps the command alive. */
function exchange({ server, caPem }: Target, method: string, path: string, content: Content): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = httpsRequest(
      {
        // By number: the certificate is for localhost, but where that leads is up to the host.
        host: '127.0.0.1',
        port: server.port,
        servername: 'localhost',
        ca: caPem,
        method,
        path,
        agent: false,
        signal: AbortSignal.timeout(limitMs),
        headers: {
          host: `localhost:${server.port}`,
          ...(content.token === undefined ? {} : { authorization: `Bearer ${content.token}` }),
          ...(content.contentType === undefined ? {} : { 'content-type': content.contentType }),
          'content-length': Buffer.byteLength(content.body ?? ''),
        },
      },
      response => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            text: Buffer.concat(chunks).toString('utf8'),
          }),
        )
      },
    )
    request.on('error', cause => reject(noAnswer(server.url, cause)))
    request.end(content.body)
  })
}

/** What an answer says is wrong, in whichever of our shapes it says it. */
export function complaint({ status, text }: Answer): string {
  try {
    const { error, error_description: description } = JSON.parse(text)
    if (typeof description === 'string') return description
    if (typeof error?.message === 'string') return error.message
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
  }
  return `status ${status} ${text.slice(0, 200)}`.trim()
}

const noAnswer = (url: string, cause: Error) =>
  new Failure(1, `${url} does not answer: ${cause.message}`, ['See what it is doing: lazuli logs'], cause)
