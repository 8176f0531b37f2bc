import assert from 'node:assert/strict'
import { test } from 'node:test'
import { run } from './run.ts'

test('a program gets its arguments as they are and its input, and what it writes comes back', async () => {
  const script = 'printf "%s|" "$@"; cat; echo problem >&2'
  assert.deepEqual(await run('sh', ['-c', script, 'sh', '$(id) *', 'two'], { stdin: 'input' }), {
    exitCode: 0,
    stdout: '$(id) *|two|input',
    stderr: 'problem\n',
  })
})

test('a program that fails, and one that is not there, reject with the reason; the input is never in it', async () => {
  const secret = 'hunter2'
  await assert.rejects(
    run('sh', ['-c', 'cat >/dev/null; echo "no such user" >&2; exit 3'], { stdin: secret }),
    error => {
      assert.ok(error instanceof Error)
      assert.match(error.message, /failed with exit code 3: no such user$/)
      assert.ok(!error.message.includes(secret))
      return true
    },
  )
  await assert.rejects(run('no-such-program', []), /no-such-program cannot be started/)
  assert.equal((await run('sh', ['-c', 'exit 3'], { anyExit: true })).exitCode, 3)
})

test('a program that takes too long is killed, even when what it started keeps its output open', async () => {
  const slow = run('sh', ['-c', 'sleep 0.7 & echo begun; exec sleep 600'], { timeoutMs: 200 })
  await assert.rejects(slow, /did not end within 200 ms: begun/)
})

test('output beyond 1 MiB is read and dropped', async () => {
  const { stdout } = await run('head', ['-c', '3000000', '/dev/zero'])
  assert.equal(stdout.length, 1024 * 1024)
})

test('progress comes line by line', async () => {
  const lines: string[] = []
  await run('sh', ['-c', 'printf "one\\ntw" >&2; printf "o\\nthree" >&2'], { onProgress: line => lines.push(line) })
  assert.deepEqual(lines, ['one', 'two'])
})
