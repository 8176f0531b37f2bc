import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import type { Command } from 'commander'
import { signIn } from '../client.ts'
import { notFound } from '../failure.ts'
import { type DataOption, directoryOf, runningInstallation } from '../installation.ts'
import { print, printJson } from '../print.ts'

type Published = { readonly publisher: string; readonly type: string; readonly version: string }

export function addExtension(program: Command): void {
  const extension = program
    .command('extension')
    .description('programs of your own that machines can have as extensions')
    .option('--data <dir>', 'data directory')
  extension
    .command('publish')
    .description('make a package available to all machines; az vm extension set then finds it')
    .argument('<package.zip>', 'called <Publisher>.<Type>__<version>.zip, with a HandlerManifest.json in it')
    .option('--data <dir>', 'data directory')
    .option('--json', 'for programs')
    .action(async (file: string, _own: object, command: Command) => {
      const options = command.optsWithGlobals<DataOption & { json?: true }>()
      const content = await readFile(file).catch(cause => {
        throw notFound(`${file} cannot be read: ${cause.message}`)
      })
      const client = await signIn(await runningInstallation(directoryOf(options)))
      const path = `/providers/Lazuli.Server/extensionPackages/${encodeURIComponent(basename(file))}`
      const published = await client.upload<Published>(path, content)
      if (options.json) printJson(published)
      else {
        const { publisher, type, version } = published
        print(`Published ${publisher}.${type} ${version}. To put it into a machine:`)
        print(`  az vm extension set --publisher ${publisher} --name ${type} -g GROUP --vm-name MACHINE`)
      }
    })
}
