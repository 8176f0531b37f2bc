/** Programs as their users start them: nothing of the test's own process goes through, and none runs for ever. */

import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'

export type Ended = {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

export type ProgramOptions = {
  readonly env: Readonly<Record<string, string>>
  readonly stdin?: string
  readonly cwd?: string
}

/** Generous: what is slow is a busy host. */
const limitMs = 180_000

/** Every exit code is an answer; -1 stands for a signal. Rejects when the program cannot be started or does not end. */
export async function runProgram(
  [command = '', ...args]: readonly string[],
  { env, stdin = '', cwd }: ProgramOptions,
): Promise<Ended> {
  const child = spawn(command, args, {
    env,
    ...(cwd === undefined ? {} : { cwd }),
    signal: AbortSignal.timeout(limitMs),
    killSignal: 'SIGKILL',
  })
  const exit = new Promise<number>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', code => resolve(code ?? -1))
  })
  // A program that does not read its input closes it; that is its own affair.
  child.stdin.on('error', () => child.stdin.destroy()).end(stdin)
  const [exitCode, stdout, stderr] = await Promise.all([exit, text(child.stdout), text(child.stderr)])
  return { exitCode, stdout, stderr }
}

/** Like `runProgram`, for when only success is of use: standard output. */
export async function succeed(argv: readonly string[], options: ProgramOptions): Promise<string> {
  const { exitCode, stdout, stderr } = await runProgram(argv, options)
  if (exitCode !== 0) throw new Error(`${argv.join(' ')} ended with ${exitCode}: ${stderr || stdout}`)
  return stdout
}
