import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { writeDurably } from '../server/store/durable-file.ts'
import { failed } from './failure.ts'
import type { MachineStatus } from './server-status.ts'

export type SshWish = {
  readonly directory: string
  readonly machine: MachineStatus
  readonly user?: string
  /** Empty for a shell. Like ssh, the words are put together and read by the shell over there. */
  readonly command: readonly string[]
}

/** The key pair that Lazuli made for itself, if it did. */
export const ownSshKey = (directory: string) => join(directory, 'ssh', 'id_ed25519')

/**
 * The system's ssh, told which host keys the machine has: it was the driver that made them, so there is nothing to ask
 * the user. What the user knows about other hosts is neither used nor touched.
 */
export async function sshCommand({ directory, machine, user, command }: SshWish): Promise<string[]> {
  const { name, vmId, address, hostKeys, powerState, provisioningState } = machine
  if (provisioningState === 'Creating') {
    throw failed(`${name} is still being made.`, `Wait for it: lazuli exec -- az vm wait --created --ids ${machine.id}`)
  }
  if (address === '' || hostKeys.length === 0) {
    throw failed(
      `${name} is only recorded: there is no Linux behind it.`,
      'What is missing on this host: lazuli doctor',
    )
  }
  if (powerState !== 'running') {
    throw failed(`${name} is ${powerState}.`, `Start it: lazuli exec -- az vm start --ids ${machine.id}`)
  }
  const folder = join(directory, 'ssh')
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const knownHosts = join(folder, `known_hosts-${vmId}`)
  await writeDurably(knownHosts, hostKeys.map(({ publicKey }) => `${vmId} ${publicKey}\n`).join(''), { mode: 0o600 })

  const options = {
    StrictHostKeyChecking: 'yes',
    UserKnownHostsFile: sshPath(knownHosts),
    GlobalKnownHostsFile: '/dev/null',
    HostKeyAlias: vmId,
    // The keys are Lazuli's to tell, also when the machine offers further ones.
    UpdateHostKeys: 'no',
  }
  return [
    'ssh',
    ...Object.entries(options).flatMap(([option, value]) => ['-o', `${option}=${value}`]),
    ...privateKeys(directory).flatMap(file => ['-o', `IdentityFile=${sshPath(file)}`]),
    ...(user || machine.username ? ['-l', user || machine.username] : []),
    '--',
    address,
    ...command,
  ]
}

/** Naming one key makes ssh forget those it would try by itself. */
function privateKeys(directory: string): string[] {
  const own = ownSshKey(directory)
  if (!existsSync(own)) return []
  const usual = ['id_ed25519', 'id_ecdsa', 'id_rsa'].map(name => join(homedir(), '.ssh', name))
  return [own, ...usual.filter(file => existsSync(file))]
}

/** ssh splits at blanks and replaces what follows a percent sign. */
const sshPath = (path: string) => `"${path.replaceAll('%', '%%')}"`
