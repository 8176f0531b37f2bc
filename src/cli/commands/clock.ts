import type { Command } from 'commander'
import { forgetAzAccessTokens } from '../az-token-cache.ts'
import { type Client, signIn } from '../client.ts'
import { formatDuration, parseDuration } from '../duration.ts'
import { wrongUsage } from '../failure.ts'
import { type DataOption, directoryOf, runningInstallation } from '../installation.ts'
import { print, printJson } from '../print.ts'
import type { ServerStatus } from '../server-status.ts'

type Clock = ServerStatus['clock']

export function addClock(program: Command): void {
  program
    .command('clock')
    .description('show Lazuli’s clock, or move it: an expiry or a renewal can be tried today')
    .argument('[shift]', '+30d or -1h from where it is now, or reset; units s, m, h, d, w')
    .option('--data <dir>', 'data directory')
    .option('--json', 'for programs')
    // So that -1h is an argument. What is then neither is refused below.
    .allowUnknownOption()
    .action(async (shift: string | undefined, options: DataOption & { json?: true }) => {
      const byMs = shift === undefined || shift === 'reset' ? undefined : parseDuration(shift)
      if (shift !== undefined && shift !== 'reset' && byMs === undefined) {
        throw wrongUsage(`${shift} is no shift of a clock.`, 'Say for example +30d, -1h or reset.')
      }
      const directory = directoryOf(options)
      const client = await signIn(await runningInstallation(directory))
      const { clock } = await client.ask<ServerStatus>('GET', '/providers/Lazuli.Server/status')
      const wanted = shift === 'reset' ? 0 : clock.shiftMs + (byMs ?? 0)
      const now = wanted === clock.shiftMs ? clock : await moveClock(client, wanted)
      if (now !== clock) await forgetAzAccessTokens(directory)
      if (options.json) printJson(now)
      else print(`${now.now} (${now.shiftMs === 0 ? 'real time' : `real time ${formatDuration(now.shiftMs)}`})`)
    })
}

const moveClock = (client: Client, shiftMs: number) =>
  client.ask<Clock>('PUT', '/providers/Lazuli.Server/clock', { shiftMs })
