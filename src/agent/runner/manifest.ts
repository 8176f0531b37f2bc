import { join } from 'node:path'
import { readIfPresent } from '../files.ts'
import { codes, HandlerFailure } from './failure.ts'

/** What a package says of itself in its HandlerManifest.json. Commands are paths below its folder, with arguments. */
export type Manifest = {
  readonly install: string
  readonly enable: string
  readonly update: string
  readonly disable: string
  readonly uninstall: string
  readonly reportHeartbeat: boolean
  readonly continueOnUpdateFailure: boolean
  readonly updateMode: 'UpdateWithInstall' | 'UpdateWithoutInstall'
}

/** Throws HandlerFailure when there is none, or one without a command. */
export async function readManifest(folder: string): Promise<Manifest> {
  const text = await readIfPresent(join(folder, 'HandlerManifest.json'))
  if (text === undefined) throw new HandlerFailure(codes.manifestMissing, 'HandlerManifest.json is not in the package')
  return parseManifest(text)
}

export function parseManifest(text: string): Manifest {
  const unreadable = (why: string) => new HandlerFailure(codes.manifestUnreadable, `HandlerManifest.json ${why}`)
  let parsed: unknown
  try {
    // Some editors begin a file with a byte order mark, and packages are made with editors.
    parsed = JSON.parse(text.replace(/^\uFEFF/, ''))
  } catch (error) {
    throw unreadable(`is not JSON: ${(error as Error).message}`)
  }
  const first = members(Array.isArray(parsed) ? parsed[0] : parsed)
  const handler = members(first?.handlerManifest)
  if (!handler) throw unreadable('has no handlerManifest')
  const command = (name: string): string => {
    const value = handler[name]
    if (typeof value !== 'string' || value.trim() === '') throw unreadable(`has no ${name}`)
    return value
  }
  // Azure's agent takes the word, in any case, for the value; everything else is false.
  const flag = (name: string) => String(handler[name]).toLowerCase() === 'true'
  const updateMode = String(handler.updateMode ?? '').toLowerCase()
  return {
    install: command('installCommand'),
    enable: command('enableCommand'),
    update: command('updateCommand'),
    disable: command('disableCommand'),
    uninstall: command('uninstallCommand'),
    reportHeartbeat: flag('reportHeartbeat'),
    continueOnUpdateFailure: flag('continueOnUpdateFailure'),
    updateMode: updateMode === 'updatewithoutinstall' ? 'UpdateWithoutInstall' : 'UpdateWithInstall',
  }
}

const members = (value: unknown): Readonly<Record<string, unknown>> | undefined =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
