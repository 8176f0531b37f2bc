import { type Command, Option } from 'commander'
import { shellWord } from '../../server/shell-word.ts'
import { signInAz } from '../az-sign-in.ts'
import { describe, programEnvironment } from '../environment.ts'
import { type DataOption, directoryOf, runningInstallation } from '../installation.ts'
import { print, printJson } from '../print.ts'

type Format = 'sh' | 'json' | 'github'

export function addEnv(program: Command): void {
  program
    .command('env')
    .description('print what programs need to take Lazuli for Azure')
    .option('--data <dir>', 'data directory')
    .addOption(
      new Option('--format <format>', 'sh: eval "$(lazuli env)"; github: lazuli env --format github >> "$GITHUB_ENV"')
        .choices(['sh', 'json', 'github'])
        .default('sh'),
    )
    .action(async (options: DataOption & { format: Format }) => {
      const installation = await runningInstallation(directoryOf(options))
      if (options.format === 'json') {
        printJson(describe(installation))
        return
      }
      const environment = programEnvironment(installation)
      await signInAz(installation, environment.AZURE_CONFIG_DIR ?? '')
      for (const [name, value] of Object.entries(environment)) {
        print(options.format === 'sh' ? `export ${name}=${shellWord(value)}` : `${name}=${value}`)
      }
    })
}
