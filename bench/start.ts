import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { residentMiB, up } from './lazuli.ts'
import { peer, peersFolder } from './peers.ts'
import { type Program, start as startProgram } from './program.ts'
import { heading, measured, ratio } from './report.ts'

const rounds = 5
const idleMs = 3_000

/** From the command to the ready line, and what the process then takes while nobody asks for anything. */
export async function start({ program, folder }: { program: string; folder: string }): Promise<void> {
  heading('Start on a data directory that exists, and memory when idle')
  const source = join(import.meta.dirname, '..', 'src', 'cli', 'main.ts')
  const azurite = peer('azurite')
  const lanes: Lane[] = [
    lane('lazuli up', () => up({ program, data: join(folder, 'start-any') })),
    lane('lazuli up --machines none', () => up({ program, data: join(folder, 'start-none'), machines: 'none' })),
    lane('  the same from source', () => up({ program: source, data: join(folder, 'start-none'), machines: 'none' })),
    lane(azurite, () => azuriteOn(join(folder, 'azurite'))),
  ]
  for (let round = 0; round <= rounds; round++) {
    for (const { begin, readyMs, idleMiB } of lanes) {
      const from = performance.now()
      await using running = await begin()
      const ready = performance.now() - from
      await pause(idleMs)
      // The first round makes the data directory, fills caches, and does not count.
      if (round === 0) continue
      readyMs.push(ready)
      idleMiB.push(residentMiB(running.pid))
    }
  }

  const [ours, , , theirs] = lanes
  if (!ours || !theirs) return
  for (const { what, readyMs } of lanes)
    measured(`${what}: ready`, readyMs, 'ms', what === azurite ? undefined : { atMost: 500 })
  ratio(`  lazuli up to ${azurite}`, ours.readyMs, theirs.readyMs)
  for (const { what, idleMiB } of lanes)
    measured(
      `${what}: resident after ${idleMs / 1000} s`,
      idleMiB,
      'MiB',
      what === azurite ? undefined : { atMost: 120 },
    )
  ratio(`  lazuli up to ${azurite}`, ours.idleMiB, theirs.idleMiB)
}

type Lane = {
  readonly what: string
  readonly begin: () => Promise<Program>
  readonly readyMs: number[]
  readonly idleMiB: number[]
}

const lane = (what: string, begin: Lane['begin']): Lane => ({ what, begin, readyMs: [], idleMiB: [] })

/** As its own command starts it: three services, data on disk. It would otherwise call home, hence --disableTelemetry. */
async function azuriteOn(location: string): Promise<Program> {
  mkdirSync(location, { recursive: true })
  const main = join(peersFolder, 'node_modules', 'azurite', 'dist', 'src', 'azurite.js')
  const ports = ['blob', 'queue', 'table'].flatMap(service => [`--${service}Port`, '0'])
  const server = startProgram({
    argv: [process.execPath, main, '--location', location, '--silent', '--disableTelemetry', ...ports],
  })
  for (const service of ['Blob', 'Queue', 'Table']) {
    await server.line(line => line.startsWith(`Azurite ${service} service is successfully listening`))
  }
  return server
}
