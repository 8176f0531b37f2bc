/**
 * Several extensions of one handler: each has settings, a status and a life of its own, under its own name, while the
 * handler is installed once.
 */

import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { readIfPresent, writeDurably } from '../files.ts'
import { type CommandParts, runHandlerCommand } from './handler-command.ts'
import type { HandlerPlace } from './layout.ts'
import { readManifest } from './manifest.ts'

export type Config = { readonly name: string; readonly incarnation: string }

/** What a command is told that is about one of them. */
export const namingConfig = (name: string | null) => (name === null ? {} : { ConfigExtensionName: name })

/** Those that were begun in this place; none for a handler that has just one extension. */
export async function configsOf(place: HandlerPlace): Promise<Config[]> {
  const files = await readdir(place.config).catch(() => [])
  const names = files.flatMap(file => /^(.+)\.Incarnation$/.exec(file)?.[1] ?? [])
  return Promise.all(
    names.map(async name => ({
      name,
      incarnation: (await readIfPresent(join(place.config, `${name}.Incarnation`))) ?? '',
    })),
  )
}

/** Before the first command that is about it, so that whatever this leaves is found. */
export const noteConfig = (place: HandlerPlace, { name, incarnation }: Config): Promise<void> =>
  writeDurably(join(place.config, `${name}.Incarnation`), incarnation, 0o600)

export const noteConfigEnabled = (place: HandlerPlace, name: string): Promise<void> =>
  writeDurably(join(place.config, `${name}.HandlerState`), 'Enabled', 0o600)

/** Disables a handler: each of its extensions, or the one that it has. */
export async function disable(
  parts: CommandParts,
  place: HandlerPlace,
  variables: Readonly<Record<string, string>>,
): Promise<void> {
  const { disable: command } = await readManifest(place.folder)
  const configs = await configsOf(place)
  for (const name of configs.length === 0 ? [null] : configs.map(one => one.name))
    await runHandlerCommand(parts, place, {
      phase: 'disable',
      command,
      variables: { ...variables, ...namingConfig(name) },
    })
}

/** Ends one of several. What its command says against it changes nothing. */
export async function removeConfig(parts: CommandParts, place: HandlerPlace, name: string): Promise<void> {
  try {
    const { disable: command } = await readManifest(place.folder)
    await runHandlerCommand(parts, place, { phase: 'disable', command, variables: namingConfig(name) })
  } catch (error) {
    parts.log('warn', 'an extension is removed although its disable failed', { handler: place.handler, name, error })
  }
  for (const folder of [place.config, place.status]) {
    for (const file of await readdir(folder)) {
      const rest = file.startsWith(`${name}.`) ? file.slice(name.length + 1) : ''
      if (/^(\d+\.(settings|status)|HandlerState|Incarnation)$/.test(rest))
        await rm(join(folder, file), { force: true })
    }
  }
}
