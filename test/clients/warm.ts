/** An az that starts in a fraction of its time; see warm-az.py. For tests that run dozens of commands. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type Az, azLane, azScript } from './az.ts'
import { ensureLane, enter, type Suite } from './lane.ts'

const beside = (name: string) => fileURLToPath(new URL(name, import.meta.url))

/** As `azLane`, but for the start of its `az`. */
export async function warmAzLane(suite: Suite, t: TestContext): Promise<Az> {
  const [az, lane] = [await azLane(suite, t), await ensureLane(suite)]
  const [program, socket] = [join(az.home, 'warm-az.py'), join(az.home, 'warm-az')]
  // Of the host, the other Debian sees /tmp, where the home is.
  await copyFile(beside('warm-az.py'), program)
  const server = spawn(enter, [lane.root, 'python3', program, socket], {
    cwd: az.home,
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const ended = once(server, 'exit')
  t.after(async () => {
    server.stdin.end()
    await ended
  })
  const { done } = await createInterface(server.stdout)[Symbol.asyncIterator]().next()
  if (done) throw new Error(`the az of Debian ${suite} does not start`)
  const ask = `. '${beside('environment')}'\nexec python3 -I -S '${beside('ask-warm-az.py')}' '${socket}' "$@"`
  await writeFile(join(az.bin, 'az'), azScript(lane, ask), { mode: 0o755 })
  return az
}
