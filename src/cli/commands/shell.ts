import type { Command } from 'commander'
import { isForPeople, tell } from '../print.ts'
import { type ActingOptions, runUnderLazuli } from '../under-lazuli.ts'

export function addShell(program: Command): void {
  program
    .command('shell')
    .description('a shell in which Azure’s names lead to Lazuli')
    .option('--data <dir>', 'data directory')
    .option('--as <name>', 'the machine or identity that 169.254.169.254 answers for')
    .action(async (options: ActingOptions) => {
      if (isForPeople()) tell('Azure’s names lead to Lazuli in this shell. Leave it with exit.')
      process.exitCode = await runUnderLazuli([process.env.SHELL || '/bin/sh'], options)
    })
}
