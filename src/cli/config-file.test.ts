import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { temporaryDirectory } from '../server/store/testing.ts'
import { readConfigFile } from './config-file.ts'

test('a configuration file names what the command line can, and its paths are seen from the file', async t => {
  const folder = temporaryDirectory(t)
  const file = join(folder, 'lazuli.json')
  writeFileSync(file, '{"data":"here","port":0,"machines":"none","domain":"azure.example"}')
  assert.deepEqual(await readConfigFile(file), {
    data: join(folder, 'here'),
    port: 0,
    machines: 'none',
    domain: 'azure.example',
  })
  const objectStore = { bucket: 'lazuli', endpoint: 'http://localhost:9000', region: 'eu-west-1' }
  writeFileSync(file, JSON.stringify({ objectStore }))
  assert.deepEqual(await readConfigFile(file), { objectStore })
  writeFileSync(file, '{}')
  assert.deepEqual(await readConfigFile(file), {})
})

for (const [text, complaint] of [
  ['{"prot":1}', /prot/],
  ['{"port":"4443"}', /port/],
  ['{"domain":"Not A Name"}', /domain name/],
  ['{"objectStore":{"endpoint":"http://localhost:9000"}}', /bucket/],
  ['{"objectStore":{"bucket":"lazuli","endpoint":"localhost"}}', /endpoint/],
  ['{', /not JSON/],
] as const) {
  test(`a configuration file with ${text} is wrong usage`, async t => {
    const file = join(temporaryDirectory(t), 'lazuli.json')
    writeFileSync(file, text)
    await assert.rejects(readConfigFile(file), (error: { exitCode: number; message: string; next: string[] }) => {
      assert.equal(error.exitCode, 2)
      assert.match([error.message, ...error.next].join('\n'), complaint)
      return true
    })
  })
}

test('a configuration file that is not there is a failure', async () => {
  await assert.rejects(readConfigFile('/nowhere/lazuli.json'), { exitCode: 1 })
})
