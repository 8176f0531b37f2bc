import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { WantedExtension } from '../../wire/goal-state.ts'
import { writeDurably } from '../files.ts'
import { type HandlerPlace, stemOf } from './layout.ts'

/**
 * `<N>.settings`, where N is the sequence number, or `<name>.<N>.settings`. Written anew before each enable: an extension may have wiped out the
 * secrets in it. For settings that are none at all it is empty.
 */
export async function writeSettings(place: HandlerPlace, wanted: WantedExtension): Promise<void> {
  await writeDurably(join(place.config, `${stemOf(wanted)}.settings`), settingsText(wanted), 0o600)
}

export function settingsText(wanted: WantedExtension): string {
  const { publicSettings, protectedSettings, protectedSettingsCertThumbprint } = wanted
  if (publicSettings === null && protectedSettings === null) return ''
  const handlerSettings = { publicSettings, protectedSettings, protectedSettingsCertThumbprint }
  return JSON.stringify({ runtimeSettings: [{ handlerSettings }] })
}

/** The folders of an unpacked handler, and HandlerEnvironment.json, which tells it where they are. */
export async function writeEnvironment(place: HandlerPlace): Promise<void> {
  for (const folder of [place.config, place.status]) await mkdir(folder, { recursive: true, mode: 0o700 })
  await mkdir(place.logs, { recursive: true, mode: 0o755 })
  await mkdir(place.events, { recursive: true, mode: 0o700 })
  const environment = {
    name: place.handler,
    version: 1.0,
    handlerEnvironment: {
      logFolder: place.logs,
      configFolder: place.config,
      statusFolder: place.status,
      heartbeatFile: place.heartbeat,
      eventsFolder: place.events,
      eventsFolder_preview: place.events,
    },
  }
  await writeDurably(join(place.folder, 'HandlerEnvironment.json'), JSON.stringify([environment]), 0o600)
}
