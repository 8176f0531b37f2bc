/**
 * Ends a test file that does not end by itself, so that nothing hangs for ever: a test has its own time limit, but a
 * server or a timer that a test forgot keeps the process alive after the last one.
 */

import { setTimeout as after } from 'node:timers'

const limitMinutes = 20

after(() => {
  process.stderr.write(`${process.argv[1]} has not ended after ${limitMinutes} minutes; what is still open: `)
  process.stderr.write(`${process.getActiveResourcesInfo().join(', ')}\n`)
  process.kill(process.pid, 'SIGKILL')
}, limitMinutes * 60_000).unref()
