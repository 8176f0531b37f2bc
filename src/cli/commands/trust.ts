import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import { instanceOf } from '../../server/config.ts'
import { failed } from '../failure.ts'
import { type DataOption, dataFlag, directoryOf } from '../installation.ts'
import { print } from '../print.ts'

export function addTrust(program: Command): void {
  program
    .command('trust')
    .description('make every program of this host trust the certificates of this Lazuli')
    .option('--data <dir>', 'data directory')
    .option('--remove', 'undo it')
    .action(async (options: DataOption & { remove?: true }) => {
      const directory = directoryOf(options)
      const [{ trustSystemWide, distrustSystemWide }, { run }] = await Promise.all([
        import('../../server/certificates/system-trust.ts'),
        import('../../server/machines/run.ts'),
      ])
      const system = {
        instance: instanceOf(directory),
        uid: process.getuid?.() ?? -1,
        run: async (command: string, args: readonly string[]) => {
          await run(command, args)
        },
      }
      const caFile = join(directory, 'ca.pem')
      if (!options.remove && !existsSync(caFile)) {
        throw failed(
          `${directory} has no CA yet.`,
          `It is made when the server first starts: lazuli up${dataFlag(directory)}`,
        )
      }
      const change = options.remove ? distrustSystemWide(system) : trustSystemWide({ ...system, caFile })
      const { file, outcome } = await change.catch((error: Error) => {
        throw failed(error.message)
      })
      const done = options.remove ? 'is not trusted any more' : 'is trusted by this host'
      print(`${file} ${done}${outcome === 'already' ? ', as before' : ''}.`)
    })
}
