/**
 * The extension's program, but for one thing: it is killed at a moment that is given as `before N` or `after N`, of
 * the Nth time that it writes its journal. Between two of these moments there is one step, or a part of one.
 */

import { readEnvironment } from '../../src/extensions/handler/environment.ts'
import { openLog } from '../../src/extensions/handler/log.ts'
import { makeFolder } from '../../src/extensions/host/files.ts'
import { run } from '../../src/extensions/host/run.ts'
import { enable } from '../../src/extensions/vm-access/enable.ts'
import { journalIn } from '../../src/extensions/vm-access/journal.ts'

const [side, at] = (process.argv[2] ?? '').split('-')
const folder = '/var/lib/lazuli/vm-access'
makeFolder(folder, { mode: 0o700 })
const environment = readEnvironment(process.cwd(), process.env)
const now = () => new Date()
const journal = journalIn(folder)
let written = 0

async function dieHere(): Promise<void> {
  process.kill(process.pid, 'SIGKILL')
  // The signal arrives when it arrives.
  await new Promise(() => setInterval(() => undefined, 1_000))
}

process.exitCode = await enable({
  environment,
  run,
  now,
  folder,
  log: openLog(environment, now),
  startWorker: () => undefined,
  patienceMs: 240_000,
  journal: {
    read: journal.read,
    async save(value) {
      const isHere = String(written++) === at
      if (isHere && side === 'before') await dieHere()
      await journal.save(value)
      if (isHere && side === 'after') await dieHere()
    },
  },
})
