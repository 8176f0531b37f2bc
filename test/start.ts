/** The real Lazuli for tests that know it from outside only: its command line, a server of its own, and the network. */

import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { Agent } from 'node:https'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type Answer, exchange } from './exchange.ts'
import { type Ended, runProgram, succeed } from './run-program.ts'
import { launcher, type ServerProcess, startServerProcess } from './server-process.ts'

export type { Answer, Ended }

/** What `lazuli env --format json` says. */
export type Installation = {
  readonly url: string
  readonly proxy: string
  readonly caFile: string
  readonly tenantId: string
  readonly subscriptionId: string
  readonly admin: {
    readonly clientId: string
    readonly clientSecret: string
    readonly username: string
    readonly password: string
  }
  readonly suffixes: { readonly keyVault: string; readonly blob: string; readonly dataLake: string }
  readonly domain: string
}

export type RunOptions = {
  /** On top of a minimal environment. */
  readonly env?: Readonly<Record<string, string>>
  readonly stdin?: string
}

export type SendOptions = {
  /** Default: the administrator's, for the resource manager. `false` sends none. */
  readonly token?: string | false
  /** Sent as JSON, unless it is text. */
  readonly body?: unknown
  /** Sent as it is, in place of `body`. */
  readonly raw?: Uint8Array
  readonly headers?: Readonly<Record<string, string>>
}

export type Lazuli = {
  readonly directory: string
  /** Of the installation as it was started first: after a restart, the port is another one. */
  readonly env: Installation
  readonly ca: string
  /** `/subscriptions/<id>` */
  readonly subscription: string
  /** The server that runs now. */
  readonly server: ServerProcess
  readonly url: string
  readonly pid: number
  /** `lazuli exec -- …`. Every exit code is an answer. */
  exec(argv: readonly string[], options?: RunOptions & { readonly as?: string }): Promise<Ended>
  /** Another command of `lazuli`, with `--data`. */
  command(argv: readonly string[], options?: RunOptions): Promise<Ended>
  /** A program that Lazuli does not start. */
  run(argv: readonly string[], options?: RunOptions): Promise<Ended>
  /** A request to the server's own address. Rejects only when there is no answer. */
  // biome-ignore lint/suspicious/noExplicitAny: what a test expects of a body it says by what it compares
  arm<Body = any>(method: string, path: string, options?: SendOptions): Promise<Answer<Body>>
  /** A token of the administrator. */
  token(resource?: string): Promise<string>
  /** Resolves with the exit code when the server is gone; -1 when a signal ended it. */
  kill(signal: NodeJS.Signals): Promise<number>
  /** Starts the server again on the same data directory, after `kill`. */
  restart(): Promise<void>
}

export type StartOptions = {
  readonly machines?: 'sandbox' | 'none'
  /** More arguments for `lazuli up`. */
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Where its data directory is made, in place of a folder of its own. */
  readonly place?: string
}

export const resourceManager = 'https://management.azure.com'

/** A Lazuli that nobody has used before; it is stopped, and its folder removed, when the test has ended. */
export async function startLazuli(
  t: { after(step: () => Promise<void>): void },
  { machines = 'none', args = [], env = {}, place }: StartOptions = {},
): Promise<Lazuli> {
  const undo: (() => unknown)[] = []
  t.after(async () => {
    for (const step of undo.reverse()) await step()
  })
  const folder = await mkdtemp(join(tmpdir(), 'lazuli-'))
  undo.push(() => rm(folder, { recursive: true }))
  const [directory, home] = [join(place ?? folder, 'data'), join(folder, 'home')]
  await mkdir(home)
  const environment = { ...minimalEnvironment(home), ...env }
  const up = ['--data', directory, '--port', '0', '--machines', machines, ...args]
  let server = await startServerProcess(up, environment)
  undo.push(() => server.kill('SIGTERM'))

  const command = (argv: readonly string[]) => [process.execPath, launcher, ...argv]
  const described = command(['env', '--data', directory, '--format', 'json'])
  const installation: Installation = JSON.parse(await succeed(described, { env: environment }))
  const ca = await readFile(installation.caFile, 'utf8')
  const agent = new Agent({ ca, keepAlive: true })
  undo.push(() => agent.destroy())

  async function token(resource = resourceManager): Promise<string> {
    const { clientId, clientSecret } = installation.admin
    const form = {
      grant_type: 'client_credentials',
      client_id: clientId,
      client_secret: clientSecret,
      scope: `${resource}/.default`,
    }
    const url = `${server.url}/${installation.tenantId}/oauth2/v2.0/token`
    const { status, body } = await exchange<{ access_token: string }>('POST', url, {
      agent,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams(form).toString(),
    })
    if (status !== 200) throw new Error(`The administrator gets no token: ${JSON.stringify(body)}`)
    return body.access_token
  }
  let remembered: Promise<string> | undefined
  const administratorToken = () => {
    remembered ??= token().catch(error => {
      remembered = undefined
      throw error
    })
    return remembered
  }

  return {
    directory,
    ca,
    env: installation,
    subscription: `/subscriptions/${installation.subscriptionId}`,
    get server() {
      return server
    },
    get url() {
      return server.url
    },
    get pid() {
      return server.pid
    },
    token,
    async arm(method, path, { token: given, body, raw, headers = {} } = {}) {
      const bearer = given ?? (await administratorToken())
      const content = body === undefined || typeof body === 'string' ? body : JSON.stringify(body)
      return exchange(method, server.url + path, {
        agent,
        body: raw ?? content,
        headers: {
          ...(bearer === false ? {} : { authorization: `Bearer ${bearer}` }),
          ...(content === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
      })
    },
    exec(argv, { as, env: more = {}, stdin = '' } = {}) {
      const identity = as === undefined ? [] : ['--as', as]
      const whole = command(['exec', '--data', directory, ...identity, '--', ...argv])
      return runProgram(whole, { env: { ...environment, ...more }, stdin })
    },
    command: ([name = '', ...rest], { env: more = {}, stdin = '' } = {}) =>
      runProgram(command([name, '--data', directory, ...rest]), { env: { ...environment, ...more }, stdin }),
    run: (argv, { env: more = {}, stdin = '' } = {}) => runProgram(argv, { env: { ...environment, ...more }, stdin }),
    kill: signal => server.kill(signal),
    async restart() {
      server = await startServerProcess(up, environment)
    },
  }
}

/** Nothing of the test's own environment goes through but where programs are, and the marks by which a run knows its own. */
function minimalEnvironment(home: string): Record<string, string> {
  const { PATH = '', TMPDIR, NODE_COMPILE_CACHE } = process.env
  return {
    PATH: `${dirname(process.execPath)}:${PATH}`,
    HOME: home,
    LANG: 'C.UTF-8',
    ...(NODE_COMPILE_CACHE === undefined ? {} : { NODE_COMPILE_CACHE }),
    // Images of machines are made once for all tests and for the user.
    ...(process.env.HOME === undefined
      ? {}
      : { XDG_CACHE_HOME: process.env.XDG_CACHE_HOME ?? join(process.env.HOME, '.cache') }),
    ...(TMPDIR === undefined ? {} : { TMPDIR }),
  }
}
