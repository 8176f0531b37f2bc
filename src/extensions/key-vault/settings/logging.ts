import { SettingsFailure } from './failure.ts'
import type { RawSettings } from './schema.ts'
import type { Logging } from './wish.ts'

/** Throws SettingsFailure. */
export function readLogging({
  logger,
  endpoint,
  format,
  servicename,
}: NonNullable<RawSettings['loggingSettings']>): Logging {
  if (logger.toLowerCase() !== 'fluentd') throw refuse('logger', logger, "only 'fluentd' is known.")
  if (format.toLowerCase() !== 'forward') throw refuse('format', format, "only 'forward' is known.")
  const { protocol, hostname, port, pathname } = URL.canParse(endpoint) ? new URL(endpoint) : { protocol: '' }
  if (protocol === 'tcp:' && hostname)
    return { endpoint: { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 24_224) }, tag: servicename }
  if (protocol === 'unix:' && pathname !== undefined && pathname !== '/' && pathname !== '')
    return { endpoint: { path: decodeURIComponent(pathname) }, tag: servicename }
  throw refuse('endpoint', endpoint, 'tcp://host:24224 or unix:///path/of/a/socket is expected.')
}

const refuse = (name: string, value: string, why: string) =>
  new SettingsFailure(`invalid loggingSettings.${name}`, `loggingSettings.${name} is '${value}': ${why}`)
