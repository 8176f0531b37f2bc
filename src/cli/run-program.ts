import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { Failure } from './failure.ts'

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2', 'SIGCONT'] as const

/**
 * Runs a program in our place: its input, output and signals are ours. Returns its exit code; when a signal ended it,
 * the same signal ends us, so that whoever started us sees what happened.
 */
export async function runProgram(
  [command = '', ...args]: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Promise<number> {
  const forward = (signal: NodeJS.Signals) => {
    // What is typed at a terminal reaches everyone in the foreground, the program too; twice would be once too often.
    const isTyped = (signal === 'SIGINT' || signal === 'SIGQUIT') && process.stdin.isTTY
    if (!isTyped) child.kill(signal)
  }
  // Before the program starts: it may be fast, and whoever waits for it may be, too.
  for (const signal of signals) process.on(signal, forward)
  const child = spawn(command, args, { stdio: 'inherit', env: environment })
  try {
    const { code, signal } = await new Promise<{ code: number | null; signal: NodeJS.Signals | null }>(
      (resolve, reject) => {
        child.once('error', reject)
        child.once('exit', (code, signal) => resolve({ code, signal }))
      },
    )
    if (signal === null) return code ?? 1
    for (const name of signals) process.off(name, forward)
    process.kill(process.pid, signal)
    return 128 + constants.signals[signal]
  } catch (error) {
    // As shells have it: 127 for a command that is not there, 126 for one that cannot be run.
    throw new Failure(isMissing(error) ? 127 : 126, startFailure(command, error), [remedy(error)], error)
  } finally {
    for (const signal of signals) process.off(signal, forward)
  }
}

const isMissing = (error: unknown) => error instanceof Error && 'code' in error && error.code === 'ENOENT'

const remedy = (error: unknown) =>
  isMissing(error)
    ? 'Install it, or name it with its whole path.'
    : 'See that it is a program, and that you may run it: ls -l'

const startFailure = (command: string, error: unknown) =>
  isMissing(error)
    ? `${command} is not there to be run.`
    : `${command} cannot be run: ${error instanceof Error ? error.message : String(error)}`
