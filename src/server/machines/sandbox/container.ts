/** Machines as runc sees them: one container per machine, under a root of this instance alone. */

import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as z from 'zod'
import type { Exec } from '../driver.ts'
import { CommandFailed, type Run } from '../run.ts'
import { findProcess, type InitProcess } from './init-process.ts'
import { type ContainerWish, ociConfig } from './oci.ts'
import type { MachinePlace, Site } from './site.ts'

const defaultExecTimeoutMs = 120_000

const listSchema = z.array(z.object({ id: z.string(), pid: z.number(), status: z.string() })).nullable()

/** Starts the machine's first process and returns; it outlives this process. */
export async function startContainer(
  site: Site,
  place: MachinePlace,
  wish: ContainerWish,
  run: Run,
): Promise<InitProcess> {
  await mkdir(place.bundle, { recursive: true, mode: 0o700 })
  await writeFile(join(place.bundle, 'config.json'), JSON.stringify(ociConfig(wish)))
  const log = join(place.bundle, 'runc.log')
  await rm(log, { force: true })
  const args = ['run', '--detach', '--pid-file', place.pidFile, '--bundle', place.bundle, place.id]
  try {
    await run('runc', ['--root', site.runcRoot, '--log', log, ...args], { discardOutput: true })
  } catch (error) {
    throw new Error(`The machine does not start: ${(await readFile(log, 'utf8').catch(() => '')).trim()}`, {
      cause: error,
    })
  }
  const init = findProcess(Number(await readFile(place.pidFile, 'utf8')))
  if (!init) throw new Error('The machine ended as soon as it had started.')
  return init
}

/** What runc knows of this instance's machines; those without `init` have ended. */
export async function listContainers(site: Site, run: Run): Promise<{ id: string; init: InitProcess | undefined }[]> {
  const { stdout } = await run('runc', ['--root', site.runcRoot, 'list', '--format', 'json'])
  return (listSchema.parse(JSON.parse(stdout)) ?? []).map(({ id, pid, status }) => ({
    id,
    init: status === 'running' ? findProcess(pid) : undefined,
  }))
}

/** Kills the machine if it runs, and forgets it. Does nothing when runc does not know it. */
export async function deleteContainer(site: Site, id: string, run: Run): Promise<void> {
  await run('runc', ['--root', site.runcRoot, 'delete', '--force', id])
}

/** Runs a command as root in the machine, to its end or to the end of its time, when its process group is killed. */
export async function execInContainer(
  { site, place, run }: { site: Site; place: MachinePlace; run: Run },
  argv: readonly string[],
  { stdin, timeoutMs = defaultExecTimeoutMs, token }: { stdin?: string; timeoutMs?: number; token: string },
): Promise<Exec> {
  const pidFile = join(place.bundle, `exec-${token}.pid`)
  try {
    return await run('runc', ['--root', site.runcRoot, 'exec', '--pid-file', pidFile, place.id, ...argv], {
      ...(stdin === undefined ? {} : { stdin }),
      anyExit: true,
      timeoutMs,
      onTimeout: child => {
        // Killing runc would leave the command running; runc ends by itself when the command does.
        void killGroup(pidFile).catch(() => child.kill('SIGKILL'))
      },
    })
  } catch (error) {
    if (error instanceof CommandFailed) throw new Error(`${argv[0]} in the machine ${error.reason}.`, { cause: error })
    throw error
  } finally {
    await rm(pidFile, { force: true })
  }
}

async function killGroup(pidFile: string): Promise<void> {
  // runc makes every command the leader of a session of its own.
  process.kill(-Number(await readFile(pidFile, 'utf8')), 'SIGKILL')
}
