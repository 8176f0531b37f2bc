/**
 * The agent of a machine: `main.ts IDENTITY SERVER`, both files. It keeps the machine as the server wants it: fetches
 * and runs extensions and commands, and reports what became of them.
 */

import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { runAgent } from './agent.ts'
import { readIdentity, readServerPlace } from './identity.ts'
import { jsonLog } from './log.ts'
import { serverAt } from './server.ts'

const [identityFile = '', serverFile = ''] = process.argv.slice(2)
const now = Date.now
const log = jsonLog(line => process.stderr.write(line), now)
const ending = new AbortController()
// What is under way in extensions goes on without us, and is taken up again at the next start.
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => process.exit(0))

const [identity, place] = await Promise.all([readIdentity(identityFile), readServerPlace(serverFile)])
log('info', 'the agent has started', { machine: identity.machineId, server: place.url, node: process.version })
await runAgent({
  send: serverAt(place, identity, now),
  layout: { lib: '/var/lib/waagent', log: '/var/log/azure' },
  state: '/var/lib/lazuli',
  root: '/',
  environment: {
    // Where our own Node is comes last: an extension that brings or finds another gets that one.
    PATH: `/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:${dirname(process.execPath)}`,
    LANG: 'C.UTF-8',
    HOME: '/root',
  },
  now,
  random: Math.random,
  pause: ms => sleep(ms),
  log,
  version: place.version,
  signal: ending.signal,
})
