import type { Command } from 'commander'
import { type ActingOptions, runUnderLazuli } from '../under-lazuli.ts'

export function addExec(program: Command): void {
  program
    .command('exec')
    .description('run a program for which Azure’s names lead to Lazuli')
    .usage('[options] -- command [arguments…]')
    .argument('<command...>', 'the program and its arguments')
    .option('--data <dir>', 'data directory')
    .option('--as <name>', 'the machine or identity that 169.254.169.254 answers for')
    .passThroughOptions()
    .action(async (command: string[], options: ActingOptions) => {
      process.exitCode = await runUnderLazuli(command, options)
    })
}
