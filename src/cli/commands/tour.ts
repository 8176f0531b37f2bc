import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Command, Option } from 'commander'
import { configure } from '../../server/config.ts'
import { dataFlag, runningInstallation } from '../installation.ts'
import { print, tell } from '../print.ts'
import { serve } from '../serve.ts'
import { readServerRecord } from '../server-record.ts'
import { whereToGoOn } from '../tour/go-on.ts'
import { removeMainJob, showMainJob } from '../tour/main-job.ts'

type TourOptions = {
  readonly data?: string
  readonly port?: string
  readonly machines?: 'sandbox' | 'none'
  readonly once?: true
}

export function addTour(program: Command): void {
  program
    .command('tour')
    .description('see a machine use its identity, then go on from there; what npm start runs')
    .option('--data <dir>', 'data directory (with --once: a temporary one)')
    .addOption(new Option('--machines <driver>', 'as for up').choices(['sandbox', 'none']))
    .option('--once', 'end when it is done, and remove everything that was made for it')
    .action(async (options: TourOptions) => {
      if (options.once && options.data === undefined) await tourOnce(options)
      else await tour(options)
    })
}

/** In a data directory of its own, beside whatever else runs here. */
async function tourOnce(options: TourOptions): Promise<void> {
  const data = await mkdtemp(join(tmpdir(), 'lazuli-tour-'))
  try {
    await tour({ ...options, data })
  } finally {
    await rm(data, { recursive: true })
  }
}

async function tour({ once, ...wish }: TourOptions): Promise<void> {
  const { port: _port, ...rest } = wish
  const config = configure({ ...rest, ...(once ? { port: 0 } : {}) }, process.env)
  const show = async () => {
    const installation = await runningInstallation(config.directory)
    await showMainJob(installation, tell)
    if (once) await removeMainJob(installation, tell)
    else print(whereToGoOn(installation))
  }
  if (await readServerRecord(config.directory)) {
    await show()
    if (!once)
      print(
        `\nThe server goes on in the process that it was in before; lazuli down${dataFlag(config.directory)} stops it.`,
      )
    return
  }
  tell('Starting Lazuli.')
  await serve(
    // What goes wrong is told below; a person does not want to read JSON in between.
    { ...config, logLevel: process.env.LAZULI_LOG_LEVEL || 'warn' },
    {
      progress: tell,
      async onReady({ url, missing }) {
        print(`Lazuli serves on ${url}.`)
        for (const reason of missing) tell(`  ${reason}`)
        await show()
        if (once) return 'end'
        print('\nCtrl-C stops it.')
        return 'serve on'
      },
    },
  )
}
