import { dataFlag, type Installation } from '../installation.ts'
import { styled, table } from '../print.ts'
import { lazuliCommand } from './lazuli-command.ts'
import { names } from './places.ts'

/** What a visitor can type next, in another terminal. */
export function whereToGoOn({ directory, server }: Installation): string {
  const lazuli = lazuliCommand()
  const flag = dataFlag(directory)
  const rows = [
    [`${lazuli} ssh ${names.machine}${flag}`, 'look around in the machine'],
    [`${lazuli} shell${flag}`, 'a shell in which az, the SDKs and curl take Lazuli for Azure'],
    [`${lazuli} exec${flag} -- az group show -n ${names.group}`, 'the real az, signed in as the administrator'],
    [`${lazuli} exec${flag} --as ${names.machine} -- CMD`, 'a program with the machine’s identity'],
    [`${lazuli} status${flag}`, `what there is; the server is ${server.url}`],
  ]
  return `\n${styled('bold', 'How to go on')}\n${table(rows.map(row => row.map(cell => `  ${cell}`)))}`
}
