import { type Command, InvalidArgumentError, Option } from 'commander'
import { configure } from '../../server/config.ts'
import { serveInBackground, startInBackground } from '../background.ts'
import { print, printJson, styled, tell } from '../print.ts'
import { type Ready, serve } from '../serve.ts'

type UpOptions = {
  readonly data?: string
  readonly port?: number
  readonly machines?: 'sandbox' | 'none'
  readonly config?: string
  readonly detach?: true
  readonly json?: true
  readonly background?: true
}

export function addUp(program: Command): void {
  program
    .command('up')
    .description('start the server; Ctrl-C stops it')
    .option('--data <dir>', 'data directory (default: $XDG_DATA_HOME/lazuli)')
    .option('--port <number>', 'port on 127.0.0.1 and ::1; 0 takes a free one (default: 4443)', portNumber)
    .addOption(
      new Option(
        '--machines <driver>',
        'sandbox: real ones; none: recorded only (default: sandbox where it works)',
      ).choices(['sandbox', 'none']),
    )
    .option('--detach', 'run in the background; returns when the server is ready')
    .option('--json', 'for programs')
    .option('--config <file>', 'JSON with data, port, machines, domain, objectStore; the command line wins')
    .addOption(new Option('--background').hideHelp())
    .action(async (options: UpOptions) => {
      if (options.background) return serveInBackground()
      const { config: file, detach, json, ...wish } = options
      // The whole file, not zod alone, is loaded late: a bundle has to keep all of a package that is imported by a name
      // at run time, and half of zod are languages that nobody asks for.
      const inFile = file === undefined ? {} : await import('../config-file.ts').then(from => from.readConfigFile(file))
      const config = configure({ ...inFile, ...wish }, process.env)
      if (detach) announce(await startInBackground(config, tell), options)
      else
        await serve(config, {
          progress: tell,
          async onReady(ready) {
            announce(ready, options)
            return 'serve on'
          },
        })
    })
}

/** The one line that scripts wait for. */
function announce({ url, data, pid, machines, missing }: Ready, { json, detach, machines: wanted }: UpOptions): void {
  if (json) {
    printJson({ ready: true, url, data, pid, machines })
    return
  }
  const kind = machines === 'sandbox' ? 'real machines (sandbox)' : 'machines recorded only (none)'
  const stop = detach ? 'lazuli down stops it' : 'Ctrl-C stops it'
  print(`${styled('green', 'Lazuli is ready')} at ${url} with ${kind}, data in ${data}, pid ${pid}; ${stop}.`)
  if (wanted !== 'none') for (const reason of missing) tell(`  ${reason}`)
}

function portNumber(text: string): number {
  const port = Number(text)
  if (!/^\d+$/.test(text) || port > 65_535) throw new InvalidArgumentError('A port is a number from 0 to 65535.')
  return port
}
