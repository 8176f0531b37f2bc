import type { Command } from 'commander'
import { signIn } from '../client.ts'
import { type DataOption, dataFlag, directoryOf, runningInstallation } from '../installation.ts'
import { print, printJson, styled, table } from '../print.ts'
import { readServerRecord } from '../server-record.ts'
import type { ServerStatus } from '../server-status.ts'

type StatusOptions = DataOption & { readonly json?: true }

export function addStatus(program: Command): void {
  program
    .command('status')
    .description('what is running; exit code 1 when nothing is')
    .option('--data <dir>', 'data directory')
    .option('--json', 'for programs')
    .action(async (options: StatusOptions) => {
      const directory = directoryOf(options)
      if (!(await readServerRecord(directory))) {
        if (options.json) printJson({ running: false, directory })
        else print(`No server is running on ${directory}. Start one: lazuli up --detach${dataFlag(directory)}`)
        process.exitCode = 1
        return
      }
      const installation = await runningInstallation(directory)
      const client = await signIn(installation)
      const status = await client.ask<ServerStatus>('GET', '/providers/Lazuli.Server/status')
      if (options.json) printJson({ running: true, url: installation.server.url, ...status })
      else print(forPeople(installation.server.url, status))
    })
}

function forPeople(url: string, status: ServerStatus): string {
  const { machines, clock } = status
  const days = clock.shiftMs / 86_400_000
  const lines = table([
    ['server', `${url}, pid ${status.pid}, since ${status.startedAt}, Lazuli ${status.version}`],
    ['data', status.directory],
    ['memory', `${Math.round(status.memory.residentBytes / 1024 / 1024)} MiB`],
    [
      'clock',
      clock.shiftMs === 0 ? 'real time' : `${clock.now}, ${days > 0 ? '+' : ''}${Number(days.toFixed(3))} days`,
    ],
    ['resource groups', status.resourceGroups.join(', ') || 'none'],
    ['machines', machines.driver === 'sandbox' ? 'real (sandbox)' : 'recorded only (none): lazuli doctor says why'],
  ])
  const titles = ['MACHINE', 'POWER', 'STATE', 'ADDRESS', 'USER']
  const rows = machines.list.map(one => [one.name, one.powerState, one.provisioningState, one.address, one.username])
  return [
    lines,
    ...listing(titles, rows),
    ...listing(
      ['STORAGE ACCOUNT', 'CONTAINERS', 'BLOBS', 'SIZE'],
      status.storageAccounts.map(one => [one.account, String(one.containers), String(one.blobs), sizeOf(one.bytes)]),
    ),
    ...listing(
      ['DATA LAKE ACCOUNT', 'FOLDERS', 'FILES', 'SIZE'],
      status.dataLakeAccounts.map(one => [one.account, String(one.folders), String(one.files), sizeOf(one.bytes)]),
    ),
    ...listing(
      ['VAULT', 'SECRETS', 'KEYS', 'CERTIFICATES'],
      status.vaults.map(({ vault, ...counts }) => [
        vault,
        ...[counts.secrets, counts.keys, counts.certificates].map(String),
      ]),
    ),
  ].join('\n')
}

/** Nothing of an empty list. */
function listing(titles: string[], rows: string[][]): string[] {
  if (rows.length === 0) return []
  const [heading = '', ...body] = table([titles, ...rows]).split('\n')
  return ['', styled('bold', heading), ...body]
}

function sizeOf(bytes: number): string {
  const power = bytes < 1024 ? 0 : Math.min(4, Math.floor(Math.log2(bytes) / 10))
  const amount = bytes / 1024 ** power
  return `${power === 0 ? amount : amount.toFixed(1)} ${['B', 'KiB', 'MiB', 'GiB', 'TiB'][power]}`
}
