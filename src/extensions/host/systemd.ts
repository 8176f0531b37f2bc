/** Units of systemd: their text, and bringing them into a machine. */

import { join } from 'node:path'
import { readTextIfPresent, removeDurably, statIfPresent, writeDurably } from './files.ts'
import { findProgram } from './run.ts'

const unitFolder = '/etc/systemd/system'

/** Whether this machine is systemd's. */
export const hasSystemd = () =>
  statIfPresent('/run/systemd/system') !== undefined && findProgram('systemctl') !== undefined

export const isUnitPresent = (unit: string) => statIfPresent(join(unitFolder, unit)) !== undefined

/** Returns whether it was another one before. systemd has to be told, by `daemon-reload`. */
export async function writeUnit(unit: string, text: string): Promise<boolean> {
  const path = join(unitFolder, unit)
  if (readTextIfPresent(path) === text) return false
  await writeDurably(path, text, { mode: 0o644 })
  return true
}

export const removeUnit = (unit: string) => removeDurably(join(unitFolder, unit))

export const unitText = (...lines: string[]) => `${lines.join('\n')}\n`

/** systemd.service(5): in quotes, `\` and `"` are escaped; `%` and `$` mean something everywhere. */
export const quotedWord = (word: string) =>
  `"${word.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('%', '%%').replaceAll('$', '$$$$')}"`
