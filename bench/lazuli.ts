import { execFileSync } from 'node:child_process'
import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { type Answer, type Client, signIn } from '../src/cli/client.ts'
import { type Installation, runningInstallation } from '../src/cli/installation.ts'
import type { Side } from './cores.ts'
import { type Program, start } from './program.ts'

const pollMs = 10
const operationLimitMs = 60_000

const root = resolve(import.meta.dirname, '..')

/** Builds the package and puts it where it has no sources beside it, as it is when somebody installs it. */
export function buildPackage(folder: string): string {
  execFileSync(process.execPath, [join(root, 'build.ts')], { stdio: ['ignore', 'ignore', 'inherit'] })
  for (const part of ['bin', 'dist', 'package.json']) cpSync(join(root, part), join(folder, part), { recursive: true })
  return join(folder, 'bin', 'lazuli.cjs')
}

export type Server = AsyncDisposable & {
  readonly pid: number
  readonly url: string
  readonly installation: Installation
  readonly client: Client
  /** A token of the administrator's, for the resource manager unless another one is named. */
  token(resource?: string): Promise<string>
}

type Wish = {
  readonly program: string
  readonly data: string
  readonly machines?: 'sandbox' | 'none'
  readonly side?: Side
}

/** `lazuli up`, until its ready line. */
export async function up({ program, data, machines, side }: Wish): Promise<Program & { ready: Ready }> {
  const choice = machines === undefined ? [] : ['--machines', machines]
  const server = start({
    argv: [process.execPath, program, 'up', '--data', data, '--port', '0', '--json', ...choice],
    ...(side ? { side } : {}),
  })
  try {
    return Object.assign(server, { ready: await server.json<Ready>() })
  } catch (error) {
    await server[Symbol.asyncDispose]()
    throw error
  }
}

type Ready = { readonly ready: true; readonly url: string; readonly pid: number }

/** A running server and the administrator's way into it. */
export async function openServer(wish: Wish): Promise<Server> {
  const running = await up(wish)
  const { url, pid } = running.ready
  const installation = await runningInstallation(wish.data)
  return {
    pid,
    url,
    installation,
    client: await signIn(installation),
    token: resource => tokenFrom(url, installation, resource),
    [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
  }
}

/** Asks again and again until what was accepted is done. Rejects when it failed. */
export async function ended(client: Client, accepted: Answer): Promise<void> {
  const poll = accepted.headers['azure-asyncoperation']
  if (poll === undefined) throw new Error(`Not accepted: status ${accepted.status}, ${accepted.text}`)
  const { pathname, search } = new URL(String(poll))
  for (const until = performance.now() + operationLimitMs; performance.now() < until; await pause(pollMs)) {
    const { status, error } = await client.ask<{ status: string; error?: { message: string } }>(
      'GET',
      pathname + search,
    )
    if (status === 'Succeeded') return
    if (status === 'Failed') throw new Error(`An operation failed: ${error?.message}`)
  }
  throw new Error(`An operation is not over after ${operationLimitMs / 1000} s`)
}

/** What a client that holds a secret posts to the token endpoint. */
export const tokenForm = ({ administrator }: Installation, resource = 'https://management.azure.com'): string =>
  new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: administrator.clientId,
    client_secret: administrator.clientSecret,
    scope: `${resource}/.default`,
  }).toString()

export const tokenEndpoint = (url: string, { administrator }: Installation): string =>
  `${url}/${administrator.tenantId}/oauth2/v2.0/token`

export const formType = { 'content-type': 'application/x-www-form-urlencoded' }

async function tokenFrom(url: string, installation: Installation, resource?: string): Promise<string> {
  setDefaultCACertificates([...getCACertificates('default'), installation.caPem])
  const answer = await fetch(tokenEndpoint(url, installation), {
    method: 'POST',
    headers: formType,
    body: tokenForm(installation, resource),
  })
  const { access_token: token } = (await answer.json()) as { access_token?: string }
  if (!token) throw new Error(`no token: status ${answer.status}`)
  return token
}

/** Resident memory of a process, in MiB: VmRSS of proc_pid_status(5). */
export const residentMiB = (pid: number): number => memoryMiB(pid, 'VmRSS')

/** The most that it has had since it began, or since `forgetPeak`. */
export const peakMiB = (pid: number): number => memoryMiB(pid, 'VmHWM')

/** proc_pid_clear_refs(5): 5 sets the peak to what there is now. */
export const forgetPeak = (pid: number): void => writeFileSync(`/proc/${pid}/clear_refs`, '5')

function memoryMiB(pid: number, field: 'VmRSS' | 'VmHWM'): number {
  const kib = new RegExp(`^${field}:\\s*(\\d+) kB$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Number(kib) / 1024
}
