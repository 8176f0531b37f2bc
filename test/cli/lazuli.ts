/** `lazuli` as somebody types it who has nothing set up. */

import { tmpdir } from 'node:os'
import { dirname } from 'node:path'
import { type Ended, runProgram } from '../run-program.ts'
import { launcher } from '../server-process.ts'

export function lazuli(argv: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> {
  return runProgram([process.execPath, launcher, ...argv], { env: { ...environment(), ...env } })
}

export function environment(): Record<string, string> {
  const { PATH = '', HOME = '/', TMPDIR = tmpdir() } = process.env
  return { PATH: `${dirname(process.execPath)}:${PATH}`, HOME, TMPDIR, XDG_DATA_HOME: TMPDIR, LANG: 'C.UTF-8' }
}
