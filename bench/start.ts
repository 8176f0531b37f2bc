import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { residentMiB, up } from './lazuli.ts'
import { peer, peersFolder } from './peers.ts'
import { type Program, start as startProgram } from './program.ts'
import { heading, measured, note, ratio } from './report.ts'

const rounds = 5
const idleMs = 3_000

/** From the command to the ready line, and what the process then takes while nobody asks for anything. */
export async function start({ program, folder }: { program: string; folder: string }): Promise<void> {
  heading('Start on a data directory that exists, and memory when idle')
  const source = join(import.meta.dirname, '..', 'src', 'cli', 'main.ts')
  const [any, none] = [join(folder, 'start-any'), join(folder, 'start-none')]
  const ours = lane('lazuli up', () => up({ program, data: any }), { readyMs: 500, idleMiB: 120 })
  const recorded = lane('  with --machines none', () => up({ program, data: none, machines: 'none' }))
  const unbuilt = lane('  the same from source', () => up({ program: source, data: none, machines: 'none' }))
  const theirs = lane(peer('azurite'), () => azuriteOn(join(folder, 'azurite')))
  const lanes = [ours, recorded, unbuilt, theirs]

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

  note('From the command to the ready line:')
  for (const { what, readyMs, bars } of lanes) measured(what, readyMs, 'ms', bars && { atMost: bars.readyMs })
  ratio(`  lazuli up to ${theirs.what}`, ours.readyMs, theirs.readyMs)
  note(`Resident memory, ${idleMs / 1000} seconds later:`)
  for (const { what, idleMiB, bars } of lanes) measured(what, idleMiB, 'MiB', bars && { atMost: bars.idleMiB })
  ratio(`  lazuli up to ${theirs.what}`, ours.idleMiB, theirs.idleMiB)
}

type Lane = {
  readonly what: string
  readonly begin: () => Promise<Program>
  readonly bars: { readonly readyMs: number; readonly idleMiB: number } | undefined
  readonly readyMs: number[]
  readonly idleMiB: number[]
}

const lane = (what: string, begin: Lane['begin'], bars?: Lane['bars']): Lane => ({
  ...{ what, begin, bars },
  ...{ readyMs: [], idleMiB: [] },
})

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
