import type { Command } from 'commander'
import { signIn } from '../client.ts'
import { type DataOption, directoryOf, runningInstallation } from '../installation.ts'
import { findMachine } from '../machines.ts'
import { runProgram } from '../run-program.ts'
import { sshCommand } from '../ssh-command.ts'

export function addSsh(program: Command): void {
  program
    .command('ssh')
    .description('log in to a machine, whose host key is known and not taken on trust')
    .usage('[options] machine [-u user] [-- command [arguments…]]')
    .argument('<machine>', 'its name, or its resource id')
    .argument('[command...]', 'what to run there instead of a shell')
    .option('--data <dir>', 'data directory')
    .option('-u, --user <user>', 'default: the machine’s administrator')
    .action(async (name: string, command: string[], options: DataOption & { user?: string }) => {
      const installation = await runningInstallation(directoryOf(options))
      const machine = await findMachine(await signIn(installation), name)
      const argv = await sshCommand({ directory: installation.directory, machine, command, ...options })
      process.exitCode = await runProgram(argv, process.env)
    })
}
