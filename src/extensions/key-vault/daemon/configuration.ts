/**
 * `config/akvvm_service.json`: what the service works by. `enable` writes it once the settings have been found good, so
 * that a service which is restarted in the meantime never meets bad ones.
 */

import { join } from 'node:path'
import type { HandlerEnvironment } from '../../handler/environment.ts'
import { readTextIfPresent, writeDurably } from '../../host/files.ts'
import { asRecord } from '../../host/unknown.ts'

export type Configuration = { readonly sequence: number; readonly settings: unknown }

const pathOf = ({ configFolder }: Pick<HandlerEnvironment, 'configFolder'>) => join(configFolder, 'akvvm_service.json')

/** Undefined when nothing good was written yet. */
export function readConfiguration(environment: Pick<HandlerEnvironment, 'configFolder'>): Configuration | undefined {
  const text = readTextIfPresent(pathOf(environment))
  if (text === undefined) return undefined
  const { sequence, settings } = asRecord(JSON.parse(text))
  return typeof sequence === 'number' ? { sequence, settings } : undefined
}

export async function writeConfiguration(environment: HandlerEnvironment, configuration: Configuration): Promise<void> {
  await writeDurably(pathOf(environment), JSON.stringify(configuration), { mode: 0o600 })
}
