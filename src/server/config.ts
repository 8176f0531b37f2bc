import { createHash } from 'node:crypto'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'

/** Everything an installation can choose. The only place, with the command line, that reads the environment. */
export type Config = {
  /** Absolute. Mode 0700; all that Lazuli keeps is in here. */
  readonly directory: string
  /** Where images are kept that several installations may share. */
  readonly cacheDirectory: string
  readonly masterKeyFile: string
  readonly port: number
  readonly domain: string
  /** Undefined: sandbox where the probes pass, else none. */
  readonly machines: 'sandbox' | 'none' | undefined
  /** Where content that is too much for a row is kept. Undefined: in the data directory. */
  readonly objectStore: ObjectStore | undefined
  /** Whether vaults take no more requests than Azure's do. */
  readonly vaultLimits: 'azure' | 'none'
  readonly logLevel: string
}

export type ConfigWish = {
  data?: string
  port?: number
  machines?: 'sandbox' | 'none'
  domain?: string
  objectStore?: ObjectStore
}

/** A bucket of an S3-compatible object store. Credentials come from where AWS's own programs look for them. */
export type ObjectStore = {
  readonly bucket: string
  /** Undefined: AWS itself. */
  readonly endpoint?: string | undefined
  readonly region?: string | undefined
}

/** The environment says something that nobody understands. */
export class WrongEnvironment extends Error {}

type Environment = Readonly<Record<string, string | undefined>>

/** The data directory that a command means when it names none. */
export function dataDirectory(wish: string | undefined, env: Environment): string {
  if (wish !== undefined) return resolve(wish)
  return join(env.XDG_DATA_HOME || join(homedir(), '.local', 'share'), 'lazuli')
}

/** Tells what several data directories make on one host apart: six hexadecimal digits. */
export const instanceOf = (directory: string): string =>
  createHash('sha256').update(directory).digest('hex').slice(0, 6)

/** Throws WrongEnvironment. */
export function configure(wish: ConfigWish, env: Environment): Config {
  const directory = dataDirectory(wish.data, env)
  return {
    directory,
    cacheDirectory: join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'lazuli'),
    masterKeyFile: env.LAZULI_MASTER_KEY_FILE ? resolve(env.LAZULI_MASTER_KEY_FILE) : join(directory, 'master.key'),
    port: wish.port ?? 4443,
    domain: wish.domain ?? 'lazuli.localhost',
    machines: wish.machines,
    objectStore: wish.objectStore,
    vaultLimits: vaultLimits(env.LAZULI_VAULT_LIMITS || 'none'),
    logLevel: env.LAZULI_LOG_LEVEL || 'info',
  }
}

/** Who asks for limits and gets none would find out in Azure. */
function vaultLimits(asked: string): Config['vaultLimits'] {
  const known = asked.toLowerCase()
  if (known === 'azure' || known === 'none') return known
  throw new WrongEnvironment(`LAZULI_VAULT_LIMITS is 'azure' or 'none', not '${asked}'.`)
}
