import { signInAz, writeAzConfig } from './az-sign-in.ts'
import { complaint, signIn } from './client.ts'
import { type ProxyTicket, programEnvironment } from './environment.ts'
import { failed, notFound } from './failure.ts'
import { type DataOption, directoryOf, type Installation, runningInstallation } from './installation.ts'
import { runProgram } from './run-program.ts'

export type ActingOptions = DataOption & { readonly as?: string }

/** Runs a program that takes Lazuli for Azure, and returns its exit code. */
export async function runUnderLazuli(command: readonly string[], options: ActingOptions): Promise<number> {
  const installation = await runningInstallation(directoryOf(options))
  const ticket = options.as === undefined ? undefined : await ticketFor(installation, options.as)
  const environment = programEnvironment(installation, ticket)
  const azFolder = environment.AZURE_CONFIG_DIR ?? ''
  // Acting as a machine, az starts as on a machine: nobody is signed in until `az login --identity`.
  if (ticket) await writeAzConfig(azFolder)
  else await signInAz(installation, azFolder)
  return runProgram(command, { ...process.env, ...environment })
}

/** Lets a program act as a machine or an identity. Fails with exit code 3 when there is none of that name. */
export async function ticketFor(installation: Installation, as: string): Promise<ProxyTicket> {
  const client = await signIn(installation)
  const answer = await client.send('POST', '/providers/Lazuli.Server/tickets', { as })
  if (answer.status === 404)
    throw notFound(complaint(answer), 'See what there is: lazuli exec -- az resource list -o table')
  if (answer.status >= 400) throw failed(complaint(answer))
  const { username, password }: ProxyTicket = JSON.parse(answer.text)
  return { username, password }
}
