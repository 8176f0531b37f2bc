import { existsSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import type { Command } from 'commander'
import { notFound } from '../failure.ts'
import { type DataOption, dataFlag, directoryOf } from '../installation.ts'
import { readableLogLine } from '../log-line.ts'
import { isForPeople, print, tell } from '../print.ts'
import { serverLog } from '../server-log.ts'
import { readServerRecord } from '../server-record.ts'

type LogOptions = DataOption & { readonly follow?: true }

export function addLogs(program: Command): void {
  program
    .command('logs')
    .description('what the server in the background has written')
    .option('--data <dir>', 'data directory')
    .option('-f, --follow', 'and what it writes from now on, until Ctrl-C')
    .action(async (options: LogOptions) => {
      const directory = directoryOf(options)
      const record = await readServerRecord(directory)
      if (record && record.logFile === undefined) {
        tell(`The server runs in the foreground: its log is in the terminal where pid ${record.pid} was started.`)
      }
      const file = serverLog(directory)
      if (!existsSync(file)) {
        throw notFound(
          `There is no ${file}.`,
          `A server in the background writes one: lazuli up --detach${dataFlag(directory)}`,
        )
      }
      await printLog(file, options)
    })
}

async function printLog(path: string, { follow }: LogOptions): Promise<void> {
  const show = isForPeople() ? (line: string) => print(readableLogLine(line)) : print
  const file = await open(path)
  const chunk = Buffer.alloc(64 * 1024)
  let position = 0
  // Bytes, because the end of a read can be in the middle of a character.
  let rest = Buffer.alloc(0)
  for (;;) {
    const { bytesRead } = await file.read(chunk, 0, chunk.length, position)
    position += bytesRead
    rest = Buffer.concat([rest, chunk.subarray(0, bytesRead)])
    const end = rest.lastIndexOf(10)
    if (end >= 0) {
      for (const line of rest.toString('utf8', 0, end).split('\n')) show(line)
      rest = rest.subarray(end + 1)
    }
    if (bytesRead > 0) continue
    if (!follow) break
    await pause(200)
    // Whoever empties the file wants to see what comes after.
    if ((await file.stat()).size < position) position = 0
  }
  if (rest.length > 0) show(rest.toString('utf8'))
  await file.close()
}
