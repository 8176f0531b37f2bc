/** Finding, checking and repairing a file system. Only repair writes, and never to one that is mounted. */

import { readdirSync, realpathSync, statSync } from 'node:fs'
import { basename } from 'node:path'
import { isErrno, readTextIfPresent } from './files.ts'
import { type FstabEntry, type Mount, parseFstab, parseMounts } from './mounts.ts'
import { findProgram, type Run } from './run.ts'

export type Disk = {
  /** `/dev/…`, with links resolved. */
  readonly device: string
  readonly mounts: readonly Mount[]
  readonly fstab: FstabEntry | undefined
}

/** What a program that checks file systems said. The bits are those of fsck(8). */
export type Verdict = { readonly sound: boolean; readonly text: string; readonly exitCode: number }

/** Why a disk is not touched. For the operator. */
export class UnfitDisk extends Error {
  override readonly name = 'UnfitDisk'
}

/** fsck takes as long as it takes; a day is for what will never end. */
const checkPatienceMs = 24 * 3_600_000

export const readMounts = () => parseMounts(readTextIfPresent('/proc/self/mountinfo') ?? '')
const readFstab = () => parseFstab(readTextIfPresent('/etc/fstab') ?? '')

/** The disk of a name: of a device, with or without /dev, or of the folder that it is mounted on, or belongs on. */
export async function findDisk(name: string, run: Run): Promise<Disk> {
  const path = name.startsWith('/') ? name : `/${name}`
  const mounted = readMounts().findLast(mount => mount.point === path)
  const listed = readFstab().find(entry => entry.point === path)
  const candidates = [mounted?.source, listed && (await sourceDevice(listed, run)), path, `/dev/${name}`]
  const device = candidates.map(candidate => candidate && blockDevice(candidate)).find(Boolean)
  if (!device) throw new UnfitDisk(`There is no disk called ${name}.`)
  return describe(device, run)
}

/** The disks that fstab lists to be checked, but for the one that this system runs from. */
export async function disksToCheck(run: Run): Promise<Disk[]> {
  const entries = readFstab().filter(({ pass, point }) => pass > 0 && point !== '/')
  const devices = await Promise.all(entries.map(async entry => blockDevice((await sourceDevice(entry, run)) ?? '')))
  return Promise.all(devices.flatMap(device => (device ? [describe(device, run)] : [])))
}

async function describe(device: string, run: Run): Promise<Disk> {
  const number = deviceNumber(device)
  const entries = readFstab()
  const sources = await Promise.all(entries.map(async entry => blockDevice((await sourceDevice(entry, run)) ?? '')))
  return {
    device,
    mounts: readMounts().filter(mount => mount.device === number || mount.source === device),
    fstab: entries.find((_entry, index) => sources[index] === device),
  }
}

async function sourceDevice({ source }: FstabEntry, run: Run): Promise<string | undefined> {
  const [, tag, value = ''] = /^(UUID|LABEL|PARTUUID|PARTLABEL)=(.*)$/.exec(source) ?? []
  if (tag === undefined) return source
  const { stdout } = await run('blkid', ['-t', `${tag}=${value.replaceAll('"', '')}`, '-o', 'device'], {
    anyExit: true,
  })
  return stdout.toString('utf8').split('\n')[0]?.trim()
}

/** The path with links resolved; undefined unless it is a block device below /dev. */
function blockDevice(path: string): string | undefined {
  if (!path.startsWith('/dev/')) return undefined
  try {
    const real = realpathSync(path)
    return real.startsWith('/dev/') && statSync(real).isBlockDevice() ? real : undefined
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'ELOOP')) return undefined
    throw error
  }
}

function deviceNumber(device: string): string {
  const { rdev } = statSync(device)
  // linux/kdev_t.h: twelve bits of major between the two parts of minor.
  return `${(rdev >> 8) & 0xfff}:${(rdev & 0xff) | ((rdev >> 12) & 0xfff00)}`
}

/** Throws UnfitDisk for what must not be unmounted or written to: what the system runs from, or what others use. */
export function demandRepairable({ device, mounts }: Disk): void {
  const ofSystem = mounts.find(({ point }) => /^\/($|(boot|usr|var|etc|lib\w*|s?bin|run|home|tmp)(\/|$))/.test(point))
  if (ofSystem)
    throw new UnfitDisk(`${device} is in use as ${ofSystem.point} and cannot be repaired while the system runs.`)
  if (mounts.some(({ root }) => root !== '/')) throw new UnfitDisk(`Parts of ${device} are mounted elsewhere.`)
  const swaps = (readTextIfPresent('/proc/swaps') ?? '').split('\n').map(line => line.split(/\s+/)[0])
  if (swaps.includes(device)) throw new UnfitDisk(`${device} is in use as swap.`)
  const sysFolder = `/sys/class/block/${basename(device)}`
  const partitions = list(sysFolder).filter(name => name.startsWith(basename(device)))
  if (partitions.length > 0) throw new UnfitDisk(`${device} has partitions; name one of them.`)
  const holders = list(`${sysFolder}/holders`)
  if (holders.length > 0) throw new UnfitDisk(`${device} is part of ${holders.join(' and ')}.`)
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return []
    throw error
  }
}

/** Reads a file system and says whether it is sound. Of a mounted one, only what it says of itself can be trusted. */
export async function checkDisk(disk: Disk, run: Run): Promise<Verdict> {
  const { device, mounts } = disk
  const type = await typeOf(disk, run)
  if (mounts.length > 0) return checkMounted(device, type, run)
  const [program, args] = checker(type, 'check')
  const { exitCode, stdout } = await run(program, [...args, device], { anyExit: true, timeoutMs: checkPatienceMs })
  return verdict({ program, exitCode, device, said: stdout.toString('utf8') }, exitCode === 0)
}

/** Repairs a file system that is not mounted. */
export async function repairDisk(disk: Disk, run: Run): Promise<Verdict> {
  const { device } = disk
  const [program, args] = checker(await typeOf(disk, run), 'repair')
  const { exitCode, stdout } = await run(program, [...args, device], { anyExit: true, timeoutMs: checkPatienceMs })
  // fsck: 1 is "errors were corrected", 2 asks for a restart, from 4 on something is left. Others know only 0.
  const sound = program.startsWith('xfs') ? exitCode === 0 : exitCode < 4
  return verdict({ program, exitCode, device, said: stdout.toString('utf8') }, sound)
}

async function typeOf({ device, fstab }: Disk, run: Run): Promise<string> {
  const { stdout } = await run('blkid', ['-p', '-o', 'value', '-s', 'TYPE', device], { anyExit: true })
  const found = stdout.toString('utf8').trim()
  if (found !== '') return found
  // Its first block may be what is damaged. ext4 keeps copies of it, and its checker refuses whatever has none.
  return fstab && fstab.type !== 'auto' ? fstab.type : 'ext4'
}

function checker(type: string, how: 'check' | 'repair'): [program: string, args: string[]] {
  if (/^ext[234]$/.test(type)) return ['e2fsck', ['-f', how === 'check' ? '-n' : '-y']]
  if (type === 'xfs') return ['xfs_repair', how === 'check' ? ['-n'] : []]
  const program = `fsck.${type}`
  if (!/^[a-z0-9._-]+$/.test(type) || !findProgram(program)) {
    throw new UnfitDisk(`This system has no program to check file systems of the type ${type}.`)
  }
  // btrfs repairs itself while it is mounted; its fsck is an empty program, and its real one may destroy more.
  if (type === 'btrfs') throw new UnfitDisk('A file system of the type btrfs is not repaired by a check.')
  return [program, [how === 'check' ? '-n' : '-y']]
}

async function checkMounted(device: string, type: string, run: Run): Promise<Verdict> {
  if (!/^ext[234]$/.test(type) || !findProgram('dumpe2fs')) {
    return { sound: true, exitCode: 0, text: `${device} is mounted and was not checked.` }
  }
  const { stdout } = await run('dumpe2fs', ['-h', device], { anyExit: true })
  const state = /^Filesystem state:\s+(.*)$/m.exec(stdout.toString('utf8'))?.[1] ?? 'unknown'
  return { sound: !state.includes('error'), exitCode: 0, text: `${device} is mounted; its state is "${state}".` }
}

type Said = { program: string; exitCode: number; device: string; said: string }

function verdict({ program, exitCode, device, said }: Said, sound: boolean): Verdict {
  const meaning = sound ? (exitCode === 0 ? 'sound' : 'sound again') : 'not sound'
  const tail = said.trim().split('\n').slice(-3).join(' ')
  return { sound, exitCode, text: `${device} is ${meaning} (${program} ended with ${exitCode}). ${tail}`.trim() }
}

/** Unmounts without force: what is in use stays. */
export async function unmount({ point }: Mount, run: Run): Promise<void> {
  await run('umount', ['--', point])
}

export async function remount(device: string, { point, type, options }: Mount, run: Run): Promise<void> {
  if (readMounts().some(mount => mount.point === point)) return
  await run('mount', ['-t', type, '-o', options, '--', device, point])
}

/** Mounts a disk where fstab says that it belongs, unless it says that somebody else does that. */
export async function mountListed({ fstab }: Disk, run: Run): Promise<void> {
  if (!fstab || fstab.options.includes('noauto') || readMounts().some(mount => mount.point === fstab.point)) return
  await run('mount', ['--', fstab.point])
}
