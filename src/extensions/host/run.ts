/** The one door to the host's programs. Arguments are arrays, so no shell reads them; secrets go in on `stdin`. */

import { spawn } from 'node:child_process'
import { accessSync, constants } from 'node:fs'

export type Ran = { readonly exitCode: number; readonly stdout: Buffer; readonly stderr: string }

export type RunOptions = {
  readonly stdin?: string | Uint8Array
  readonly timeoutMs?: number
  /** Return on every exit code instead of failing on all but 0. */
  readonly anyExit?: boolean
}

export type Run = (command: string, args: readonly string[], options?: RunOptions) => Promise<Ran>

/** Nothing that we call takes longer, but for fsck, which names a time of its own. */
const defaultTimeoutMs = 60_000
/** What is kept of each stream; the rest is read and dropped, so that the program never blocks. */
const maxOutputBytes = 4 * 1024 * 1024

/** A program that cannot be started, does not end, or says that it failed. The message carries what it wrote. */
export class CommandFailed extends Error {
  override readonly name = 'CommandFailed'
  readonly exitCode: number | undefined

  constructor(command: string, reason: string, exitCode?: number) {
    super(`${command} ${reason}`)
    this.exitCode = exitCode
  }
}

/**
 * The folders in which programs are looked for. Not the caller's PATH: an agent may start us with none, and root's
 * tools are in sbin.
 */
const programFolders = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin']

/** Programs speak English and have no other setting of ours; messages are parsed in places. */
const environment = { PATH: programFolders.join(':'), LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' }

/** Runs a program to its end. Rejects with CommandFailed, which never shows the arguments: some would be personal. */
export const run: Run = (command, args, { stdin = '', timeoutMs = defaultTimeoutMs, anyExit = false } = {}) =>
  new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], env: environment, cwd: '/' })
    const output = { stdout: [] as Buffer[], stderr: [] as Buffer[] }
    for (const name of ['stdout', 'stderr'] as const) {
      let size = 0
      child[name].on('data', (chunk: Buffer) => {
        if (size < maxOutputBytes) output[name].push(chunk.subarray(0, maxOutputBytes - size))
        size += chunk.length
      })
    }
    let timedOut = false
    const timer = setTimeout(() => {
      timedOut = true
      child.kill('SIGKILL')
      // Whoever else holds the pipes is not waited for.
      child.stdout.destroy()
      child.stderr.destroy()
    }, timeoutMs)

    child.on('error', cause => {
      clearTimeout(timer)
      reject(new CommandFailed(command, `cannot be started: ${cause.message}`))
    })
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      const stdout = Buffer.concat(output.stdout)
      const stderr = Buffer.concat(output.stderr).toString('utf8')
      if (timedOut) return reject(new CommandFailed(command, `did not end within ${timeoutMs} ms`))
      if (code === null) return reject(new CommandFailed(command, `was ended by ${signal}`))
      if (code === 0 || anyExit) return resolve({ exitCode: code, stdout, stderr })
      const said = (stderr.trim() || stdout.toString('utf8').trim()).slice(-1000)
      reject(new CommandFailed(command, `failed with exit code ${code}${said ? `: ${said}` : ''}`, code))
    })
    // A program that does not read its input closes the pipe; its exit code says whether that was a failure.
    child.stdin.on('error', () => undefined)
    child.stdin.end(stdin)
  })

/** Starts a program that goes on when this one has ended, in a session of its own, with no output. */
export function startDetached(
  command: string,
  args: readonly string[],
  { folder, variables }: { folder: string; variables: Readonly<Record<string, string>> },
): void {
  const env = { ...environment, ...variables }
  const child = spawn(command, args, { cwd: folder, detached: true, stdio: 'ignore', env })
  // Whoever waits for its work sees that it does not come; there is nobody else to tell.
  child.on('error', () => undefined)
  child.unref()
}

/** The path of a program of this host; undefined when it has none of that name. */
export function findProgram(name: string): string | undefined {
  return programFolders.map(folder => `${folder}/${name}`).find(isExecutable)
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    // Why it cannot be run does not matter: it is not there for us.
    return false
  }
}
