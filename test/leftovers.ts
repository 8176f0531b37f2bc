/**
 * What a test run may leave behind on the host. A snapshot before and one after tell: what is in the second and not in
 * the first was left by the run, or by somebody else who was at work on the same machine.
 */

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { instanceOf } from '../src/server/config.ts'

/** One line of plain text for each thing that could be left. */
export type Snapshot = ReadonlySet<string>

/**
 * Everything of Lazuli's kind that is on this host now. `runMarker` is a text that is in the environment of everything
 * that the run starts, or in the path of everything it makes.
 */
export function snapshot(runMarker: string): Snapshot {
  const ours = (text: string) => /lazuli|\blz-/.test(text) || text.includes(runMarker)
  return new Set([
    ...processes(runMarker),
    ...list('/run/netns').map(name => `network namespace ${name}`),
    ...list('/sys/class/net')
      .filter(ours)
      .map(name => `network link ${name}`),
    ...mountPoints()
      .filter(ours)
      .map(path => `mount ${path}`),
    ...loopFiles()
      .filter(ours)
      .map(file => `loop device on ${file}`),
    ...cgroups('/sys/fs/cgroup', 3)
      .filter(ours)
      .map(path => `cgroup ${path}`),
    ...list('/run/runc').map(id => `container ${id}`),
    ...list('/run')
      .filter(ours)
      .map(name => `folder /run/${name}`),
    ...list('/tmp')
      .filter(ours)
      .map(name => `folder /tmp/${name}`),
  ])
}

/** What is in `after` and was not in `before`, sorted. */
export function leftovers(before: Snapshot, after: Snapshot): string[] {
  return [...after].filter(line => !before.has(line)).sort()
}

/** What the server that kept its data in `directory` has left, whoever else is at work on this host. */
export function leftByServer(directory: string, before: Snapshot): string[] {
  const instance = instanceOf(directory)
  return leftovers(before, snapshot(directory)).filter(line => line.includes(instance) || line.includes(directory))
}

function processes(runMarker: string): string[] {
  return list('/proc')
    .filter(name => /^\d+$/.test(name) && name !== String(process.pid))
    .flatMap(pid => {
      const [command, environment] = [read(`/proc/${pid}/cmdline`), read(`/proc/${pid}/environ`)]
      if (!command.includes(runMarker) && !environment.includes(runMarker)) return []
      return [`process ${pid}: ${command.replaceAll('\0', ' ').trim().slice(0, 200)}`]
    })
}

/** The mount point is the fifth field of a line in proc_pid_mountinfo(5). */
function mountPoints(): string[] {
  return read('/proc/self/mountinfo')
    .split('\n')
    .flatMap(line => line.split(' ')[4] ?? [])
}

function loopFiles(): string[] {
  return list('/sys/block').flatMap(name => read(`/sys/block/${name}/loop/backing_file`).trim() || [])
}

/** A hierarchy of cgroup v1 is one level down, and machines' groups are one below Lazuli's. */
function cgroups(folder: string, depth: number): string[] {
  if (depth === 0) return []
  const children = orNothing([], () => readdirSync(folder, { withFileTypes: true }))
    .filter(entry => entry.isDirectory())
    .map(entry => join(folder, entry.name))
  return children.flatMap(child => [child, ...cgroups(child, depth - 1)])
}

const list = (folder: string): string[] => orNothing([], () => readdirSync(folder))

const read = (path: string): string => orNothing('', () => readFileSync(path, 'utf8'))

/** Processes end while we look, not every system has all these places, and not everybody may read them. */
function orNothing<T>(nothing: T, look: () => T): T {
  try {
    return look()
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (['ENOENT', 'ESRCH', 'EACCES', 'EPERM', 'ENOTDIR', 'EINVAL'].includes(String(code))) return nothing
    throw error
  }
}
