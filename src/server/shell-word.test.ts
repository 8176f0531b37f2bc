import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'
import { shellWord } from './shell-word.ts'

for (const word of [
  'plain',
  '/a/b-c_d.pem',
  'http://u:p@127.0.0.1:4443',
  'two words',
  "it's",
  '$HOME `id` "x"',
  '',
  'a\nb',
]) {
  test(`a shell reads ${JSON.stringify(word)} back as it was`, () => {
    const script = `printf %s ${shellWord(word)}`
    assert.equal(execFileSync('sh', ['-c', script], { encoding: 'utf8' }), word)
  })
}
