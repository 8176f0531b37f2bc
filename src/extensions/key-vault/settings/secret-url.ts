import { SettingsFailure } from './failure.ts'
import type { SecretUrl } from './wish.ts'

const wanted = 'https://<vault>.vault.azure.net/secrets/<name>'
const pattern =
  /^https:\/\/(?<host>(?<vault>[a-z0-9-]+)(?:\.[a-z0-9-]+)+)(?::(?<port>\d{1,5}))?\/+(?<kind>[a-z]+)\/(?<name>[0-9a-z-]{1,127})(?:\/(?<version>[0-9a-f]{32}))?\/?$/i

/**
 * Reads the address of a secret. By hand, because files are named with the case that was typed, and `new URL` lower-cases
 * a host. Throws SettingsFailure, naming the setting.
 */
export function parseSecretUrl(text: string, setting: string): SecretUrl {
  const refuse = (why: string) => new SettingsFailure(`invalid ${setting}`, `${setting} is '${text}': ${why}`)
  if (/[<>]/.test(text)) throw refuse(`replace what stands in angle brackets, as in ${wanted}.`)
  const { host = '', vault = '', port, kind = '', name = '', version } = pattern.exec(text)?.groups ?? {}
  if (host === '') throw refuse(`an address of the form ${wanted} is expected.`)
  if (/^certificates$/i.test(kind))
    throw refuse('the private key is not in /certificates/; use /secrets/ with the same name.')
  if (!/^secrets$/i.test(kind)) throw refuse(`an address of the form ${wanted} is expected.`)
  const authority = port === undefined || port === '443' ? host : `${host}:${port}`
  return { text, origin: `https://${authority.toLowerCase()}`, vault, name, version: version?.toLowerCase() }
}
