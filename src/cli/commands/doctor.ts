import { existsSync } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Command } from 'commander'
import { configure, instanceOf } from '../../server/config.ts'
import type { Probe } from '../../server/machines/probe.ts'
import { probeSurroundings } from '../doctor/surroundings.ts'
import type { DataOption } from '../installation.ts'
import { print, printJson, styled } from '../print.ts'

type DoctorOptions = DataOption & { readonly json?: true }

export function addDoctor(program: Command): void {
  program
    .command('doctor')
    .description('what works on this host, and what to do about the rest; exit code 1 when Lazuli cannot run at all')
    .option('--data <dir>', 'data directory')
    .option('--json', 'for programs')
    .action(async ({ json, ...wish }: DoctorOptions) => {
      const config = configure(wish, process.env)
      const surroundings = await probeSurroundings(config)
      const machines = await probeMachines(config)
      const ok = surroundings.every(probe => probe.ok || probe.optional)
      process.exitCode = ok ? 0 : 1
      if (json) {
        printJson({ ok, sandbox: machines.sandbox, probes: [...surroundings, ...machines.probes] })
        return
      }
      report('Lazuli', surroundings)
      report('Real machines (--machines sandbox)', machines.probes)
      if (!machines.sandbox)
        print('\nWithout real machines everything else works: machines are recorded, and lazuli exec --as acts as one.')
    })
}

/** The very probes that decide which driver a server takes. What they make for it is removed again. */
async function probeMachines(
  config: ReturnType<typeof configure>,
): Promise<{ sandbox: boolean; probes: readonly Probe[] }> {
  const [{ probeHost }, { run }] = await Promise.all([
    import('../../server/machines/probe.ts'),
    import('../../server/machines/run.ts'),
  ])
  const stateDir = join(config.directory, 'machines')
  const wasThere = existsSync(stateDir)
  const firstMade = wasThere ? undefined : await mkdir(stateDir, { recursive: true, mode: 0o700 })
  try {
    const cacheDir = join(config.cacheDirectory, 'images')
    const { probes, sandbox } = await probeHost({ stateDir, cacheDir, instance: instanceOf(config.directory), run })
    return { probes, sandbox: sandbox !== undefined }
  } finally {
    if (firstMade !== undefined) await rm(firstMade, { recursive: true })
  }
}

function report(heading: string, probes: readonly Probe[]): void {
  print(styled('bold', heading))
  for (const { name, ok, optional, detail, remedy } of probes) {
    const mark = ok ? styled('green', 'ok') : optional ? styled('yellow', '--') : styled('red', 'no')
    print(`  ${mark}  ${name}: ${detail}${remedy ? `\n      ${remedy}` : ''}`)
  }
}
