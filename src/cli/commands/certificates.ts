import type { Command } from 'commander'
import { signIn } from '../client.ts'
import { type DataOption, directoryOf, runningInstallation } from '../installation.ts'
import { findMachine } from '../machines.ts'
import { print, printJson, styled, table, tell } from '../print.ts'

type MachineCertificates = {
  readonly machine: string
  readonly id: string
  /** When it said so, if that was before the server was started. */
  readonly heardBefore: string | null
  readonly certificates: readonly {
    readonly id: string
    readonly installed: { readonly version: string; readonly notAfter: string } | null
    readonly nextPoll: string | null
    readonly nextRenewal: string | null
    readonly lastError: string
    readonly lastRenewal: string
  }[]
}

export function addCertificates(program: Command): void {
  program
    .command('certificates')
    .description('which certificates machines keep from vaults: until when they are good, and what comes next')
    .argument('[machine]', 'only this one: its name, or its resource id')
    .option('--data <dir>', 'data directory')
    .option('--json', 'for programs')
    .action(async (machine: string | undefined, options: DataOption & { json?: true }) => {
      const client = await signIn(await runningInstallation(directoryOf(options)))
      const only = machine === undefined ? undefined : await findMachine(client, machine)
      const { value, now } = await client.ask<{ value: MachineCertificates[]; now: string }>(
        'GET',
        '/providers/Lazuli.Server/certificates',
      )
      const wanted = value.filter(({ id }) => only === undefined || id.toLowerCase() === only.id.toLowerCase())
      if (options.json) return printJson(wanted)
      if (wanted.length > 0) return print(certificateTable(wanted, new Date(now)))
      const who = only ? `${only.name} has not said` : 'No machine has said'
      tell(`${who} that it keeps certificates from a vault: that is done by the extension KeyVaultForLinux.`)
    })
}

/** Longer texts stand in the substatus of the extension, and in `--json`. */
const longestText = 80

export function certificateTable(machines: readonly MachineCertificates[], now: Date): string {
  const titles = ['MACHINE', 'CERTIFICATE', 'VERSION', 'GOOD UNTIL', 'RENEWED ON', 'NEXT POLL', 'LAST']
  const rows = machines.flatMap(({ machine, heardBefore, certificates }) =>
    certificates.map(({ id, installed, nextRenewal, nextPoll, lastError, lastRenewal }) => [
      machine,
      id,
      installed?.version.slice(0, 8) ?? 'none',
      `${day(installed?.notAfter)}${installed && new Date(installed.notAfter) <= now ? ' EXPIRED' : ''}`,
      day(nextRenewal),
      minute(nextPoll),
      oneLine(
        `${heardBefore === null ? '' : `(as of ${minute(heardBefore)}) `}${lastError || lastRenewal || 'ok'}`,
        longestText,
      ),
    ]),
  )
  const [heading = '', ...body] = table([titles, ...rows]).split('\n')
  return [styled('bold', heading), ...body].join('\n')
}

const day = (time: string | null | undefined) => time?.slice(0, 10) ?? ''

/** `2026-11-25 14:05Z` */
const minute = (time: string | null) => (time === null ? '' : `${time.slice(0, 16).replace('T', ' ')}Z`)

/** Control characters too: the text comes from programs and servers, and goes to a terminal. */
function oneLine(text: string, longest: number): string {
  const line = text.replace(/[\p{Cc}\s]+/gu, ' ').trim()
  return line.length <= longest ? line : `${line.slice(0, longest - 1).trimEnd()}…`
}
