import { failureText } from './failure.ts'

/**
 * Obeys the command that the guest agent has called the program with; `obey` resolves with the exit code. To be called
 * once by each program, and not awaited: a single executable's program is a script, in which nothing is awaited at the
 * top.
 */
export function obeyAgent(obey: (command: string | undefined) => Promise<number>): void {
  const command = process.argv[2]
  obey(command).then(
    exitCode => {
      process.exitCode = exitCode
    },
    error => {
      process.stderr.write(`${command}: ${failureText(error)}\n`)
      process.exitCode = 1
    },
  )
}
