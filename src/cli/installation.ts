import { join } from 'node:path'
import { dataDirectory } from '../server/config.ts'
import { type AdministratorFile, readAdministrator } from '../server/directory/bootstrap.ts'
import { directoryHolder } from '../server/store/directory-lock.ts'
import { readIfPresent } from '../server/store/durable-file.ts'
import { failed } from './failure.ts'
import { readServerRecord, type ServerRecord } from './server-record.ts'

/** A data directory with a server that runs on it, and how to get in as the administrator. */
export type Installation = {
  readonly directory: string
  readonly server: ServerRecord
  readonly administrator: AdministratorFile
  /** Our CA alone, as PEM. */
  readonly caFile: string
  readonly caPem: string
  /** The CAs that the host trusts, and ours. */
  readonly bundleFile: string
}

/** `--data`, as every command takes it. */
export type DataOption = { readonly data?: string }

export const directoryOf = (options: DataOption): string => dataDirectory(options.data, process.env)

/** How to name this data directory in a command that we propose. */
export function dataFlag(directory: string): string {
  return directory === dataDirectory(undefined, process.env) ? '' : ` --data ${directory}`
}

const restore = 'Put it back from a backup of the data directory.'

/** The running server of a data directory. Fails, and says how to start one, when there is none. */
export async function runningInstallation(directory: string): Promise<Installation> {
  const server = await readServerRecord(directory)
  if (!server) throw notRunning(directory)
  const caFile = join(directory, 'ca.pem')
  const [administrator, caPem] = await Promise.all([readAdministrator({ directory }), readIfPresent(caFile)])
  if (!administrator) throw failed(`${join(directory, 'admin.json')}, the administrator's way in, is missing.`, restore)
  if (caPem === undefined) throw failed(`${caFile} is missing.`, restore)
  return { directory, server, administrator, caFile, caPem, bundleFile: join(directory, 'ca-bundle.pem') }
}

function notRunning(directory: string): Error {
  const holder = directoryHolder(directory)
  if (holder !== undefined)
    return failed(`The server of ${directory} (pid ${holder}) is not ready yet.`, 'Try again in a moment.')
  return failed(`No Lazuli server is running on ${directory}.`, `Start one: lazuli up --detach${dataFlag(directory)}`)
}
