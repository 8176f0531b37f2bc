import { basename, relative } from 'node:path'

/** How to call us from where the visitor is: by name when installed, by path from a checkout. */
export function lazuliCommand(): string {
  const [, program = ''] = process.argv
  return basename(program) === 'lazuli.cjs' ? relative('.', program) : 'lazuli'
}
