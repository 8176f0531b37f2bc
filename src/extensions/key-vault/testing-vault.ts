/** A vault and a metadata service for tests: real servers, over TLS where it is TLS, that do as they are told. */

import { randomBytes } from 'node:crypto'
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { Agent, createServer } from 'node:https'
import type { AddressInfo, LookupFunction } from 'node:net'
import type { TestAuthority } from '../../certificate-bundle/testing-authority.ts'

export type Reply = {
  readonly status: number
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

export type TestVault = {
  readonly origin: string
  readonly metadata: string
  /** Connects to it by its name, as long as `way` says so. */
  agent(): Agent
  way: 'well' | 'without a name' | 'to a stranger'
  /** What is stored, by name; a new version each time. Returns the version. */
  put(name: string, value: string, contentType?: string): string
  /** Answers questions for secrets in place of the vault; undefined lets the vault answer. */
  answer: ((path: string, token: string) => Reply | undefined) | undefined
  token: ((query: URLSearchParams, headers: IncomingMessage['headers']) => Reply) | undefined
  challenge: string
  /** Paths that were asked for with a token. */
  readonly asked: string[]
  readonly tokensAsked: URLSearchParams[]
  close(): Promise<void>
}

export const resource = 'https://vault.example.test'

export async function openTestVault(authority: TestAuthority): Promise<TestVault> {
  authority.issue('tls', { kind: 'ec', host: 'Kv1.vault.example.test' })
  const secrets = new Map<string, { version: string; value: string; contentType: string | undefined }>()
  const tls = {
    key: authority.read('tls.key'),
    cert: authority.read('tls.crt') + authority.read('intermediate.crt'),
  }
  const server = createServer(tls, (request, response) => send(response, replyTo(request)))
  const metadata = createHttpServer((request, response) => send(response, tokenFor(request)))
  for (const one of [server, metadata]) await new Promise<void>(resolve => one.listen(0, '127.0.0.1', resolve))
  const portOf = (one: typeof server | typeof metadata) => (one.address() as AddressInfo).port
  const origin = `https://Kv1.vault.example.test:${portOf(server)}`

  function replyTo({ url = '', headers }: IncomingMessage): Reply {
    const path = url.replace(/\?.*/, '')
    const token = headers.authorization?.replace(/^Bearer /, '') ?? ''
    if (token !== '') vault.asked.push(path)
    const told = vault.answer?.(path, token)
    if (told) return told
    if (token !== 'good')
      return {
        status: 401,
        headers: { 'www-authenticate': vault.challenge },
        body: { error: { code: 'Unauthorized', message: 'AKV10000' } },
      }
    const [, name = '', version] = /^\/secrets\/([^/]+)(?:\/([^/]+))?$/.exec(path) ?? []
    const found = secrets.get(name)
    if (!found || (version && version !== found.version))
      return {
        status: 404,
        body: { error: { code: 'SecretNotFound', message: `A secret with (name/id) ${name} was not found.` } },
      }
    const { value, contentType } = found
    return {
      status: 200,
      body: { value, contentType, id: `${origin}/secrets/${name}/${found.version}`, attributes: { enabled: true } },
    }
  }

  function tokenFor({ url = '', headers }: IncomingMessage): Reply {
    const query = new URL(url, 'http://metadata').searchParams
    vault.tokensAsked.push(query)
    if (headers.metadata !== 'true') return { status: 400, body: { error: 'invalid_request' } }
    return (
      vault.token?.(query, headers) ?? {
        status: 200,
        body: { access_token: 'good', expires_in: '86400', token_type: 'Bearer' },
      }
    )
  }

  // Whatever name is asked for: all of them are here.
  const lookup: LookupFunction = (_name, options, done) =>
    options.all ? done(null, [{ address: '127.0.0.1', family: 4 }]) : done(null, '127.0.0.1', 4)
  const noName: LookupFunction = (name, _options, done) =>
    done(Object.assign(new Error(`getaddrinfo ENOTFOUND ${name}`), { code: 'ENOTFOUND' }), '', 0)
  const ca = authority.read('root.crt')
  const agents = {
    well: new Agent({ ca, lookup, keepAlive: true }),
    'without a name': new Agent({ ca, lookup: noName }),
    'to a stranger': new Agent({ lookup }),
  }
  const vault: TestVault = {
    ...{ origin, answer: undefined, way: 'well', token: undefined, asked: [], tokensAsked: [] },
    metadata: `http://127.0.0.1:${portOf(metadata)}/metadata/identity`,
    challenge: `Bearer authorization="https://login.example.test/t", resource="${resource}"`,
    agent: () => agents[vault.way],
    put(name, value, contentType) {
      const version = randomBytes(16).toString('hex')
      secrets.set(name, { version, value, contentType })
      return version
    },
    async close() {
      for (const one of Object.values(agents)) one.destroy()
      for (const one of [server, metadata]) {
        one.closeAllConnections()
        await new Promise(resolve => one.close(resolve))
      }
    },
  }
  return vault
}

function send(response: ServerResponse, { status, body, headers = {} }: Reply): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers })
  response.end(typeof body === 'string' ? body : JSON.stringify(body ?? {}))
}
