import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { test } from 'node:test'

test('a log that cannot be written does not end the program that writes it', t => {
  const full = openSync('/dev/full', 'w')
  t.after(() => closeSync(full))
  const program = `
    import { openLog } from '${new URL('log.ts', import.meta.url).href}'
    const log = openLog('info')
    for (let i = 0; i < 3; i++) log.info('a line')
    setTimeout(() => { log.info('another'); console.log('goes on') }, 20)`
  const { status, stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', full],
    encoding: 'utf8',
  })
  assert.deepEqual({ status, stdout }, { status: 0, stdout: 'goes on\n' })
})
