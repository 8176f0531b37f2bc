import { lookup } from 'node:dns/promises'
import { accessSync, constants } from 'node:fs'
import { stat } from 'node:fs/promises'
import { createServer } from 'node:net'
import { delimiter, dirname, join } from 'node:path'
import type { Config } from '../../server/config.ts'
import type { Probe } from '../../server/machines/probe.ts'
import { isErrno } from '../../server/store/durable-file.ts'
import { readServerRecord } from '../server-record.ts'

/** Everything but machines that a server and its users meet on this host. */
export async function probeSurroundings(config: Config): Promise<Probe[]> {
  return Promise.all([
    { name: 'Node', ok: true, detail: process.version, remedy: '' },
    probeDataDirectory(config.directory),
    probePort(config),
    probeOwnNames(config.domain),
    probeProgram('az', 'Install azure-cli to use it under lazuli exec.'),
    probeProgram('curl', 'Install curl.'),
    probeProgram('ssh', 'Install openssh-client: lazuli ssh needs it.'),
  ])
}

async function probeDataDirectory(directory: string): Promise<Probe> {
  const name = 'data directory'
  try {
    const { mode, uid } = await stat(directory)
    const isOurs = uid === process.getuid?.() && (mode & 0o077) === 0
    const detail = `${directory}, mode ${(mode & 0o777).toString(8)}, owner ${uid}`
    return {
      name,
      ok: isOurs,
      detail,
      remedy: isOurs ? '' : `chmod 700 ${directory}, and make it your own: it holds keys.`,
    }
  } catch (error) {
    if (!isErrno(error, 'ENOENT')) throw error
    const parent = nearestFolder(directory)
    const ok = isAllowed(parent, constants.W_OK | constants.X_OK)
    const detail = ok ? `${directory}, will be made` : `${directory} cannot be made: ${parent} is not writable`
    return { name, ok, detail, remedy: ok ? '' : 'Choose another one with --data DIR.' }
  }
}

function nearestFolder(path: string): string {
  const parent = dirname(path)
  return parent === path || isAllowed(parent, constants.F_OK) ? parent : nearestFolder(parent)
}

async function probePort({ directory, port }: Config): Promise<Probe> {
  const running = await readServerRecord(directory)
  if (running)
    return { name: 'port', ok: true, detail: `${running.port}, Lazuli runs there (pid ${running.pid})`, remedy: '' }
  const refusal = await new Promise<Error | undefined>(resolve => {
    const server = createServer()
    server.once('error', resolve)
    server.listen({ port, host: '127.0.0.1' }, () => server.close(() => resolve(undefined)))
  })
  if (!refusal) return { name: 'port', ok: true, detail: `${port} is free`, remedy: '' }
  return {
    name: 'port',
    ok: false,
    detail: isErrno(refusal, 'EADDRINUSE') ? `${port} is taken by another program` : refusal.message,
    remedy: 'Take another one: lazuli up --port N.',
  }
}

/** What needs them are programs that use our own names without the proxy. */
async function probeOwnNames(domain: string): Promise<Probe> {
  const name = `names below ${domain}`
  const remedy =
    'Only for own names (az cloud register …): install libnss-myhostname, or use systemd-resolved. lazuli exec needs none.'
  try {
    const { address } = await lookup(`management.${domain}`)
    return { name, ok: true, optional: true, detail: `resolve to ${address}`, remedy: '' }
  } catch (error) {
    return { name, ok: false, optional: true, detail: `do not resolve (${reason(error)})`, remedy }
  }
}

async function probeProgram(name: string, remedy: string): Promise<Probe> {
  const folders = (process.env.PATH ?? '').split(delimiter).filter(folder => folder !== '')
  const found = folders.map(folder => join(folder, name)).find(file => isAllowed(file, constants.X_OK))
  const detail = found ?? 'not in PATH'
  return { name, ok: found !== undefined, optional: true, detail, remedy: found ? '' : remedy }
}

function isAllowed(path: string, mode: number): boolean {
  try {
    accessSync(path, mode)
    return true
  } catch (error) {
    if (isErrno(error, 'ENOENT') || isErrno(error, 'EACCES') || isErrno(error, 'ENOTDIR')) return false
    throw error
  }
}

const reason = (error: unknown) => (error instanceof Error && 'code' in error ? String(error.code) : String(error))
