import type { Command } from 'commander'
import { signIn } from '../client.ts'
import { type DataOption, directoryOf, runningInstallation } from '../installation.ts'
import { print, printJson, styled, table, tell } from '../print.ts'

type MachineCertificates = {
  readonly machine: string
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
    .argument('[machine]', 'only this one')
    .option('--data <dir>', 'data directory')
    .option('--json', 'for programs')
    .action(async (machine: string | undefined, options: DataOption & { json?: true }) => {
      const client = await signIn(await runningInstallation(directoryOf(options)))
      const { value } = await client.ask<{ value: MachineCertificates[] }>(
        'GET',
        '/providers/Lazuli.Server/certificates',
      )
      const wanted = value.filter(one => machine === undefined || one.machine.toLowerCase() === machine.toLowerCase())
      if (options.json) return printJson(wanted)
      if (wanted.length === 0)
        return tell('No machine keeps certificates from a vault: that is done by the extension KeyVaultForLinux.')
      print(forPeople(wanted))
    })
}

function forPeople(machines: readonly MachineCertificates[]): string {
  const titles = ['MACHINE', 'CERTIFICATE', 'VERSION', 'GOOD UNTIL', 'RENEWED ON', 'NEXT POLL', 'LAST']
  const rows = machines.flatMap(({ machine, certificates }) =>
    certificates.map(({ id, installed, nextRenewal, nextPoll, lastError, lastRenewal }) => [
      machine,
      id,
      installed?.version.slice(0, 8) ?? 'none',
      day(installed?.notAfter),
      day(nextRenewal),
      nextPoll?.slice(11, 16) ?? '',
      lastError || lastRenewal || 'ok',
    ]),
  )
  const [heading = '', ...body] = table([titles, ...rows]).split('\n')
  return [styled('bold', heading), ...body].join('\n')
}

const day = (time: string | null | undefined) => time?.slice(0, 10) ?? ''
