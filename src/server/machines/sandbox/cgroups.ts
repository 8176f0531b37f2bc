/**
 * Control groups, version 1, hybrid and 2. A machine gets two, one in the other: the outer carries its limits, the
 * inner belongs to its systemd. Root in the machine may write any limit into the inner one; the outer still holds.
 */

import { mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isErrno } from '../../store/durable-file.ts'

export type Hierarchy = { readonly path: string; readonly version: 1 | 2; readonly controllers: readonly string[] }

export type CgroupLayout = { readonly mode: 'v1' | 'hybrid' | 'v2'; readonly hierarchies: readonly Hierarchy[] }

export type Limits = { readonly memoryMiB: number; readonly cpus: number; readonly processes: number }

const limited = ['memory', 'pids', 'cpu']

/** Reads the layout from the text of /proc/self/mountinfo; undefined when no hierarchy has all controllers we need. */
export function parseCgroupLayout(mountinfo: string, rootControllers: readonly string[]): CgroupLayout | undefined {
  const hierarchies = mountinfo.split('\n').flatMap((line): Hierarchy[] => {
    // proc_pid_mountinfo(5): mount point is field 5; after " - " come type, source and super block options.
    const [before = '', after = ''] = line.split(' - ')
    const path = before.split(' ')[4]
    const [type, , options = ''] = after.split(' ')
    if (!path) return []
    if (type === 'cgroup2') return [{ path, version: 2, controllers: rootControllers }]
    if (type === 'cgroup') return [{ path, version: 1, controllers: options.split(',') }]
    return []
  })
  const has = (version: 1 | 2) =>
    limited.every(name => hierarchies.some(one => one.version === version && one.controllers.includes(name)))
  if (has(2)) return { mode: 'v2', hierarchies: hierarchies.filter(one => one.version === 2) }
  if (has(1)) return { mode: hierarchies.some(one => one.version === 2) ? 'hybrid' : 'v1', hierarchies }
  return undefined
}

/** The host's layout; undefined when machines could not be limited. */
export async function readCgroupLayout(): Promise<CgroupLayout | undefined> {
  const controllers = await readFile('/sys/fs/cgroup/cgroup.controllers', 'utf8').catch(unlessMissing(''))
  return parseCgroupLayout(await readFile('/proc/self/mountinfo', 'utf8'), controllers.trim().split(' '))
}

/** Makes the group `path` (absolute within each hierarchy) and sets its limits; repeating it sets them again. */
export async function limitGroup(layout: CgroupLayout, path: string, limits: Limits): Promise<void> {
  for (const hierarchy of layout.hierarchies) {
    const controllers = limited.filter(name => hierarchy.controllers.includes(name))
    if (controllers.length === 0) continue
    const folder = join(hierarchy.path, path)
    if (hierarchy.version === 2) await delegate(hierarchy.path, path, controllers)
    await mkdir(folder, { recursive: true })
    for (const [file, value] of settings(hierarchy.version, controllers, limits)) {
      await writeFile(join(folder, file), value)
    }
  }
}

function settings(version: 1 | 2, controllers: readonly string[], limits: Limits): [file: string, value: string][] {
  const bytes = `${limits.memoryMiB * 1024 * 1024}`
  const periodUs = 100_000
  const quotaUs = Math.round(limits.cpus * periodUs)
  const values: Record<string, [string, string][]> =
    version === 2
      ? {
          memory: [['memory.max', bytes]],
          pids: [['pids.max', `${limits.processes}`]],
          cpu: [['cpu.max', `${quotaUs} ${periodUs}`]],
        }
      : {
          memory: [['memory.limit_in_bytes', bytes]],
          pids: [['pids.max', `${limits.processes}`]],
          cpu: [
            ['cpu.cfs_period_us', `${periodUs}`],
            ['cpu.cfs_quota_us', `${quotaUs}`],
          ],
        }
  return controllers.flatMap(name => values[name] ?? [])
}

/** In version 2 a group offers only those controllers that every group above it has handed down. */
async function delegate(hierarchy: string, path: string, controllers: readonly string[]): Promise<void> {
  const wanted = controllers.map(name => `+${name}`).join(' ')
  let above = hierarchy
  for (const name of path.split('/').filter(part => part !== '')) {
    await writeFile(join(above, 'cgroup.subtree_control'), wanted)
    above = join(above, name)
    await mkdir(above, { recursive: true })
  }
}

/** Removes a group with all below it from every hierarchy. Its processes must have ended; a group with some stays. */
export async function removeGroup(layout: CgroupLayout, path: string): Promise<void> {
  for (const { path: hierarchy } of layout.hierarchies) await removeFolders(join(hierarchy, path))
}

/** The names of the groups below `path`, over all hierarchies. */
export async function listGroups(layout: CgroupLayout, path: string): Promise<string[]> {
  const names = await Promise.all(layout.hierarchies.map(({ path: hierarchy }) => folders(join(hierarchy, path))))
  return [...new Set(names.flat())]
}

async function removeFolders(folder: string): Promise<void> {
  for (const name of await folders(folder)) await removeFolders(join(folder, name))
  await rmdir(folder).catch((error: unknown) => {
    if (!isErrno(error, 'ENOENT') && !isErrno(error, 'EBUSY')) throw error
  })
}

async function folders(path: string): Promise<string[]> {
  const entries = await readdir(path, { withFileTypes: true }).catch(unlessMissing([]))
  return entries.filter(entry => entry.isDirectory()).map(entry => entry.name)
}

const unlessMissing =
  <T>(instead: T) =>
  (error: unknown): T => {
    if (isErrno(error, 'ENOENT')) return instead
    throw error
  }
