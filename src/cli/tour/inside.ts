import { run } from '../../server/machines/run.ts'
import { shellWord } from '../../server/shell-word.ts'
import { programEnvironment } from '../environment.ts'
import { dataFlag, type Installation } from '../installation.ts'
import type { MachineStatus } from '../server-status.ts'
import { sshCommand } from '../ssh-command.ts'
import { ticketFor } from '../under-lazuli.ts'
import { lazuliCommand } from './lazuli-command.ts'
import { names } from './places.ts'

/** A shell in the machine, or what comes closest to it on this host. */
export type Inside = {
  /** Where that is, for headings. */
  readonly place: 'Inside the machine' | 'As the machine'
  /** The command that leads there. */
  readonly enter: string
  readonly prompt: string
  /** Runs a shell script there and returns what it prints. */
  run(script: string): Promise<string>
}

const limitMs = 60_000

/** Over ssh where the machine is real; as the machine, but on this host, where it is only recorded. */
export async function insideMachine(installation: Installation, machine: MachineStatus): Promise<Inside> {
  const { directory } = installation
  if (machine.address === '') {
    const environment = programEnvironment(installation, await ticketFor(installation, machine.id))
    // On standard input with the rest of the script: the proxy's address has a password in it.
    const exports = Object.entries(environment).map(([name, value]) => `export ${name}=${shellWord(value)}\n`)
    return {
      place: 'As the machine',
      enter: `$ ${lazuliCommand()} shell${dataFlag(directory)} --as ${machine.name}`,
      prompt: `(${machine.name}) $ `,
      run: script => output('sh', ['-s'], exports.join('') + script),
    }
  }
  const [command = 'ssh', ...args] = await sshCommand({ directory, machine, command: ['sh', '-s'] })
  return {
    place: 'Inside the machine',
    enter: `$ ${lazuliCommand()} ssh ${machine.name}${dataFlag(directory)}`,
    prompt: `${names.user}@${machine.name}:~$ `,
    run: script => output(command, ['-o', 'BatchMode=yes', ...args], script),
  }
}

async function output(command: string, args: readonly string[], script: string): Promise<string> {
  const { stdout } = await run(command, args, { stdin: `${script}\n`, timeoutMs: limitMs })
  return stdout
}
