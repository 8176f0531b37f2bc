/**
 * The life of a handler: from a package to an enabled extension, from one version to another, and away again. The
 * order of the steps, and what each command is told, are those of Azure's agent; packages are written for them.
 */

import { copyFile, mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { WantedExtension } from '../../wire/goal-state.ts'
import { BadZip } from '../../wire/zip.ts'
import { readIfPresent, writeDurably } from '../files.ts'
import { disable, namingConfig, noteConfig, noteConfigEnabled } from './configs.ts'
import { codes, HandlerFailure } from './failure.ts'
import { type CommandParts, exitCodeOf, runHandlerCommand } from './handler-command.ts'
import { type HandlerPlace, handlerOfFolder, handlerPlace, type Layout, stemOf } from './layout.ts'
import { type Manifest, readManifest } from './manifest.ts'
import { makeExecutable } from './permissions.ts'
import { writeEnvironment, writeSettings } from './settings.ts'
import { unzip } from './unzip.ts'

export type HandlerParts = CommandParts & {
  readonly layout: Layout
  /** Puts the package of a handler into a file, whole and as its digest says. Throws HandlerFailure. */
  readonly fetchPackage: (wanted: WantedExtension, into: string) => Promise<void>
}

/** As the file of that name has it. */
type HandlerState = 'NotInstalled' | 'Installed' | 'Enabled' | 'FailedUpgrade'

export type Installed = { readonly place: HandlerPlace; readonly state: HandlerState; readonly incarnation: string }

/** The handlers in the library folder, whole or not. */
export async function installedHandlers(layout: Layout): Promise<Installed[]> {
  const entries = await readdir(layout.lib, { withFileTypes: true })
  const found = entries.flatMap(entry => (entry.isDirectory() ? (handlerOfFolder(entry.name) ?? []) : []))
  return Promise.all(
    found.map(async ({ handler, version }) => {
      const place = handlerPlace(layout, handler, version)
      const [state, incarnation] = await Promise.all([readNote(place, 'HandlerState'), readNote(place, 'Incarnation')])
      return { place, state: (state || 'NotInstalled') as HandlerState, incarnation }
    }),
  )
}

/** Brings a handler to the wanted version and enables it with the wanted settings. Throws HandlerFailure. */
export async function bringToGoal(parts: HandlerParts, wanted: WantedExtension): Promise<void> {
  const { agentLog } = parts
  const place = handlerPlace(parts.layout, wanted.handler, wanted.version)
  agentLog('INFO', place, `Target handler state: enabled [incarnation ${wanted.incarnation}]`)
  const before = (await installedHandlers(parts.layout)).filter(one => one.place.handler === wanted.handler)
  // What was deleted and made again starts anew: its numbers begin again, and the old ones would be in the way.
  for (const old of before.filter(one => one.incarnation !== incarnationOf(wanted))) await removeHandler(parts, old)
  const same = before.filter(one => one.incarnation === incarnationOf(wanted))
  const current = same.find(one => one.place.version === wanted.version && isSetUp(one))
  const old = same.find(one => one.place.version !== wanted.version && isSetUp(one))

  agentLog('INFO', place, `[Enable] current handler state is: ${(current?.state ?? 'NotInstalled').toLowerCase()}`)
  let told: Record<string, string> = { AZURE_GUEST_AGENT_UNINSTALL_CMD_EXIT_CODE: 'NOT_RUN' }
  if (!current) {
    await unpack(parts, place, wanted)
    await writeSettings(place, wanted)
    const manifest = await readManifest(place.folder)
    if (old) told = await upgrade(parts, { old: old.place, place, manifest, wanted })
    if (!old || manifest.updateMode === 'UpdateWithInstall') {
      await runHandlerCommand(parts, place, {
        phase: 'install',
        command: manifest.install,
        variables: run(wanted, told),
      })
    }
    await writeNote(place, 'HandlerState', 'Installed')
  }
  const { configName: name, incarnation } = wanted
  agentLog('INFO', place, `Update settings file: ${stemOf(wanted)}.settings`)
  if (name !== null) await noteConfig(place, { name, incarnation })
  await writeSettings(place, wanted)
  const { enable } = await readManifest(place.folder)
  const variables = { ...run(wanted, told), ...namingConfig(name) }
  await runHandlerCommand(parts, place, { phase: 'enable', command: enable, variables })
  if (name !== null) await noteConfigEnabled(place, name)
  await writeNote(place, 'HandlerState', 'Enabled')
}

/** Disables and uninstalls a handler and removes its folder. What its commands say against it changes nothing. */
export async function removeHandler(parts: HandlerParts, { place, state }: Installed): Promise<void> {
  parts.agentLog('INFO', place, 'Target handler state: uninstall')
  parts.agentLog('INFO', place, `[Uninstall] current handler state is: ${state.toLowerCase()}`)
  if (state !== 'NotInstalled') {
    for (const phase of ['disable', 'uninstall'] as const) {
      try {
        const { uninstall } = await readManifest(place.folder)
        if (phase === 'disable') await disable(parts, place, {})
        else await runHandlerCommand(parts, place, { phase, command: uninstall, variables: {} })
      } catch (error) {
        parts.log('warn', `a handler is removed although its ${phase} failed`, { handler: place.handler, error })
      }
    }
  }
  parts.agentLog('INFO', place, `Remove extension handler directory: ${place.folder}`)
  await rm(place.folder, { recursive: true, force: true })
  await rm(place.archive, { force: true })
}

/** A handler that can have several extensions outlives each of them. */
const incarnationOf = ({ configName, incarnation }: WantedExtension) => (configName === null ? incarnation : 'shared')

const isSetUp = ({ state }: Installed) => state === 'Installed' || state === 'Enabled'

const run = ({ sequenceNumber }: WantedExtension, more: Readonly<Record<string, string>>) => ({
  ConfigSequenceNumber: String(sequenceNumber),
  ...more,
})

async function unpack(parts: HandlerParts, place: HandlerPlace, wanted: WantedExtension): Promise<void> {
  // Whatever is there is what an earlier attempt left.
  await rm(place.folder, { recursive: true, force: true })
  parts.agentLog('INFO', place, 'Download extension package')
  await parts.fetchPackage(wanted, place.archive)
  await mkdir(place.folder, { recursive: true, mode: 0o755 })
  try {
    await unzip(place.archive, place.folder)
  } catch (error) {
    await rm(place.folder, { recursive: true, force: true })
    if (!(error instanceof BadZip)) throw error
    throw new HandlerFailure(codes.extraction, `The package of ${wanted.handler} cannot be unpacked: ${error.message}`)
  }
  parts.agentLog('INFO', place, 'Initialize extension directory')
  await makeExecutable(place.folder)
  await writeEnvironment(place)
  await writeNote(place, 'HandlerState', 'NotInstalled')
  await writeNote(place, 'Incarnation', incarnationOf(wanted))
}

type Upgrade = { old: HandlerPlace; place: HandlerPlace; manifest: Manifest; wanted: WantedExtension }

/**
 * Disable the old version, hand its memory to the new one, update the new one, uninstall the old one. Returns what the
 * commands that follow are told about it.
 */
async function upgrade(
  parts: HandlerParts,
  { old, place, manifest, wanted }: Upgrade,
): Promise<Record<string, string>> {
  const oldManifest = await readManifest(old.folder)
  // A package may say that it gets on with what the old version could not do.
  const attempt = async (phase: 'disable' | 'uninstall'): Promise<string> => {
    try {
      if (phase === 'disable') await disable(parts, old, run(wanted, {}))
      else await runHandlerCommand(parts, old, { phase, command: oldManifest[phase], variables: run(wanted, {}) })
      return '0'
    } catch (error) {
      if (manifest.continueOnUpdateFailure) return exitCodeOf(error)
      await writeNote(place, 'HandlerState', 'FailedUpgrade')
      throw error
    }
  }
  const disableExitCode = await attempt('disable')
  await copyMemory(old, place)
  const variables = run(wanted, {
    VERSION: old.version,
    AZURE_GUEST_AGENT_UPDATING_FROM_VERSION: old.version,
    AZURE_GUEST_AGENT_DISABLE_CMD_EXIT_CODE: disableExitCode,
  })
  await runHandlerCommand(parts, place, { phase: 'update', command: manifest.update, variables })
  const uninstallExitCode = await attempt('uninstall')
  parts.agentLog('INFO', old, `Remove extension handler directory: ${old.folder}`)
  await rm(old.folder, { recursive: true, force: true })
  await rm(old.archive, { force: true })
  return { AZURE_GUEST_AGENT_UNINSTALL_CMD_EXIT_CODE: uninstallExitCode }
}

/** What the old version did last, so that the new one does not do it again. */
async function copyMemory(from: HandlerPlace, to: HandlerPlace): Promise<void> {
  const mark = await readIfPresent(join(from.folder, 'mrseq'))
  if (mark !== undefined) await writeDurably(join(to.folder, 'mrseq'), mark, 0o600)
  for (const name of await readdir(from.status)) {
    if (name.endsWith('.status')) await copyFile(join(from.status, name), join(to.status, name))
  }
}

const readNote = async (place: HandlerPlace, name: string) =>
  ((await readIfPresent(join(place.config, name))) ?? '').trim()

const writeNote = (place: HandlerPlace, name: 'HandlerState' | 'Incarnation', value: string) =>
  writeDurably(join(place.config, name), value, 0o600)
