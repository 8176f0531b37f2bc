import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Command, Option } from 'commander'
import { type Config, configure } from '../../server/config.ts'
import { dataFlag, runningInstallation } from '../installation.ts'
import { print, tell } from '../print.ts'
import { serve } from '../serve.ts'
import { readServerRecord } from '../server-record.ts'
import { whereToGoOn } from '../tour/go-on.ts'
import { removeMainJob, showMainJob } from '../tour/main-job.ts'

type TourOptions = {
  readonly data?: string
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
    .action(async ({ once, ...wish }: TourOptions) => {
      if (!once) return stay(configure(wish, process.env))
      if (wish.data !== undefined) return leave(configure({ ...wish, port: 0 }, process.env))
      const data = await mkdtemp(join(tmpdir(), 'lazuli-tour-'))
      try {
        await leave(configure({ ...wish, data, port: 0 }, process.env))
      } finally {
        await rm(data, { recursive: true })
      }
    })
}

/** Shows the main job and serves on. A server that runs already is shown as it is. */
async function stay(config: Config): Promise<void> {
  const { directory } = config
  if (await readServerRecord(directory)) {
    const installation = await runningInstallation(directory)
    await showMainJob(installation, tell)
    print(whereToGoOn(installation))
    print(`\nThe server was running before, and goes on: lazuli down${dataFlag(directory)} stops it.`)
    return
  }
  await serveVisitors(config, async () => {
    const installation = await runningInstallation(directory)
    await showMainJob(installation, tell)
    print(whereToGoOn(installation))
    print('\nCtrl-C stops it.')
    return 'serve on'
  })
}

/** Shows the main job and removes what was made for it. */
async function leave(config: Config): Promise<void> {
  await serveVisitors(config, async () => {
    const installation = await runningInstallation(config.directory)
    await showMainJob(installation, tell)
    await removeMainJob(installation, tell)
    return 'end'
  })
}

async function serveVisitors(config: Config, visit: () => Promise<'serve on' | 'end'>): Promise<void> {
  tell('Starting Lazuli.')
  // What goes wrong is told here; a visitor does not want to read JSON in between.
  const quiet = { ...config, logLevel: process.env.LAZULI_LOG_LEVEL || 'warn' }
  await serve(quiet, {
    progress: tell,
    onReady({ url, missing }) {
      print(`Lazuli serves on ${url}.`)
      if (config.machines !== 'none') for (const reason of missing) tell(`  ${reason}`)
      return visit()
    },
  })
}
