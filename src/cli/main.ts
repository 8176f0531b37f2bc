/** `lazuli`: reads the command line, runs one command, and turns its end into an exit code. */

import { Command, CommanderError } from 'commander'
import { WrongEnvironment } from '../server/config.ts'
import { version } from '../server/version.ts'
import { addCertificates } from './commands/certificates.ts'
import { addClock } from './commands/clock.ts'
import { addDoctor } from './commands/doctor.ts'
import { addDown } from './commands/down.ts'
import { addEnv } from './commands/env.ts'
import { addExec } from './commands/exec.ts'
import { addExtension } from './commands/extension-publish.ts'
import { addLogs } from './commands/logs.ts'
import { addShell } from './commands/shell.ts'
import { addSsh } from './commands/ssh.ts'
import { addStatus } from './commands/status.ts'
import { addTour } from './commands/tour.ts'
import { addTrust } from './commands/trust.ts'
import { addUp } from './commands/up.ts'
import { Failure } from './failure.ts'
import { endQuietlyWithoutReader, tell, tellFailure } from './print.ts'

function commandLine(): Command {
  const program = new Command('lazuli')
    .description('An Azure VM’s identity, certificates and way back in, for any Linux machine.')
    .version(version)
    // What follows the name of a program to run belongs to that program.
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({ writeErr: text => tell(text.trimEnd()) })
    .showHelpAfterError('Run lazuli --help to see what there is.')
  for (const add of [
    ...[addTour, addUp, addDown, addStatus, addDoctor, addLogs],
    ...[addEnv, addExec, addShell, addSsh, addExtension, addCertificates, addClock, addTrust],
  ]) {
    add(program)
  }
  return program
}

async function run(): Promise<number> {
  try {
    await commandLine().parseAsync()
    return Number(process.exitCode ?? 0)
  } catch (error) {
    // commander has said already what is wrong. Help and version come as errors, too, with exit code 0.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    if (error instanceof Failure) {
      tellFailure(error.message, error.next)
      const { cause } = error
      if (process.env.LAZULI_LOG_LEVEL === 'debug' && cause instanceof Error) tell(cause.stack ?? cause.message)
      return error.exitCode
    }
    if (error instanceof WrongEnvironment) {
      tellFailure(error.message, [])
      return 2
    }
    tellFailure(unforeseen(error), [])
    return 1
  }
}

/** What the system refuses (a full disk, a missing right) is said in a line; a mistake of ours is told with its stack. */
function unforeseen(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return 'syscall' in error ? error.message : (error.stack ?? error.message)
}

endQuietlyWithoutReader()
// Output is written by now, and whatever a failed start has left open must not keep the process alive.
process.exit(await run())
