import assert from 'node:assert/strict'
import { resolve } from 'node:path'
import { test } from 'node:test'
import { runProgram } from './run-program.ts'

const root = resolve(import.meta.dirname, '..')

for (const [what, ...argv] of [
  ['the types fit', 'tsc'],
  ['the linter and the formatter have nothing to say', 'biome', 'check', '--error-on-warnings'],
]) {
  test(what, async () => {
    const [name = '', ...args] = argv
    const program = resolve(root, 'node_modules/.bin', name)
    const { exitCode, stdout, stderr } = await runProgram([program, ...args], {
      cwd: root,
      env: { PATH: process.env.PATH ?? '' },
    })
    assert.equal(exitCode, 0, `${stdout}${stderr}`)
  })
}
