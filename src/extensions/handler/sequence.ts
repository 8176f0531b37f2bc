/**
 * Which run this is. The agent numbers the settings it gets and calls `enable` again and again with the same number: on
 * every goal state, for whatever reason, and whenever it starts. The file `mrseq` in the handler's folder says which
 * number is done, and the agent carries it over to a new version.
 */

import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { readTextIfPresent, writeDurably } from '../host/files.ts'
import type { HandlerEnvironment } from './environment.ts'
import { HandlerFailure } from './failure.ts'

/** The number of the run: what the agent says, otherwise that of the settings which were written last. */
export function currentSequence({ sequence, configFolder }: HandlerEnvironment): number {
  if (sequence !== undefined) return sequence
  const found = readdirSync(configFolder)
    .filter(name => /^\d{1,9}\.settings$/.test(name))
    .map(name => ({ number: Number.parseInt(name, 10), writtenMs: statSync(join(configFolder, name)).mtimeMs }))
    .sort((a, b) => b.writtenMs - a.writtenMs || b.number - a.number)
  const newest = found[0]
  if (!newest) throw new HandlerFailure(`There are no settings in ${configFolder}`)
  return newest.number
}

/** The number of the last run that came to an end; -1 before the first. */
export function finishedSequence({ handlerFolder }: HandlerEnvironment): number {
  const text = readTextIfPresent(join(handlerFolder, 'mrseq'))?.trim() ?? ''
  return /^\d{1,9}$/.test(text) ? Number(text) : -1
}

/** To be called when the run has its final status on disk, and not before: until then the run is to be done again. */
export async function recordFinished({ handlerFolder }: HandlerEnvironment, sequence: number): Promise<void> {
  await writeDurably(join(handlerFolder, 'mrseq'), String(sequence), { mode: 0o600 })
}
