/** What a person types: commands of a shell, run by a shell, with the words to be replaced replaced. */

import assert from 'node:assert/strict'
import type { Ended, Lazuli } from '../start.ts'

export type Shell = (command: string, words?: Readonly<Record<string, string>>) => Promise<string>

/** A shell that acts as a machine, or as nobody. Its answer is what the command prints; it must succeed. */
export const shell = (lazuli: Lazuli, as?: string): Shell =>
  typedInto(typed => lazuli.exec(['sh', '-c', typed], as === undefined ? {} : { as }))

/** A shell of the machine itself, over ssh. */
export const shellInside = (lazuli: Lazuli, machine: string): Shell =>
  typedInto(typed => lazuli.command(['ssh', machine, '--', typed]))

/** Whatever runs what is typed. */
export const typedInto =
  (run: (typed: string) => Promise<Ended>): Shell =>
  async (command, words = {}) => {
    const typed = Object.entries(words).reduce((text, [word, value]) => text.replaceAll(`<${word}>`, value), command)
    assert.doesNotMatch(typed, /<[A-Z][A-Z -]*>/, 'a word is left to be replaced')
    const { exitCode, stdout, stderr } = await run(typed)
    assert.equal(exitCode, 0, `${typed}\n${stderr}`)
    return stdout
  }

/** The claims of a token. */
export const claimsOf = (token: string): Record<string, unknown> =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
