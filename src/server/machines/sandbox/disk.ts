/** A machine's disk: an overlay whose lower layers are shared and read-only, and whose upper layer is the machine's own. */

import { lstat, mkdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { isErrno } from '../../store/durable-file.ts'
import { rebootMarker } from '../image-recipe.ts'
import type { Run } from '../run.ts'
import type { MachinePlace } from './site.ts'

/** 'memory' where the state directory cannot carry an overlay, as in most containers: then disks end with the host. */
export type DiskKind = 'file' | 'memory'

/** Mounts the disk unless it is mounted. `layers` are the lower ones, the topmost first. */
export async function mountDisk(
  place: MachinePlace,
  { layers, kind, run }: { layers: readonly string[]; kind: DiskKind; run: Run },
): Promise<void> {
  const mounted = await mountsBelow(place.folder)
  if (mounted.includes(place.merged)) return
  await mkdir(place.disk, { recursive: true, mode: 0o700 })
  if (kind === 'memory' && !mounted.includes(place.disk)) {
    await run('mount', ['-t', 'tmpfs', '-o', 'mode=0700', 'lazuli', place.disk])
  }
  for (const folder of [place.upper, place.work, place.merged]) await mkdir(folder, { recursive: true, mode: 0o755 })
  await forgetReboot(place)
  const options = `lowerdir=${layers.join(':')},upperdir=${place.upper},workdir=${place.work}`
  await run('mount', ['-t', 'overlay', '-o', options, 'lazuli', place.merged])
}

/** Whether the machine went down in order to come up again. Valid from its end to the next mount. */
export async function wantsReboot(place: MachinePlace): Promise<boolean> {
  // Not opened: root in the machine decides what this is, and opening some devices does things.
  return lstat(join(place.upper, rebootMarker)).then(
    () => true,
    (error: unknown) => {
      if (isErrno(error, 'ENOENT')) return false
      throw error
    },
  )
}

/** Only while the disk is not mounted: nobody else may write to the upper layer of an overlay. */
export const forgetReboot = (place: MachinePlace): Promise<void> =>
  rm(join(place.upper, rebootMarker), { recursive: true, force: true })

/** Unmounts what is merged; what the machine has written stays. */
export async function unmountDisk(place: MachinePlace, run: Run): Promise<void> {
  if ((await mountsBelow(place.folder)).includes(place.merged)) await run('umount', [place.merged])
}

/** Removes a machine's folder with all it has written. */
export async function removeDisk(folder: string, run: Run): Promise<void> {
  for (const path of (await mountsBelow(folder)).reverse()) await run('umount', [path])
  const remove = () => run('rm', ['-rf', '--one-file-system', '--', folder])
  try {
    await remove()
  } catch {
    // Root in the machine may have made files immutable, which holds for the host's root, too.
    await run('chattr', ['-R', '-f', '-ai', '--', folder], { anyExit: true })
    await remove()
  }
}

/** The mount points below a folder, in the order in which they were mounted. */
export async function mountsBelow(folder: string): Promise<string[]> {
  const mountinfo = await readFile('/proc/self/mountinfo', 'utf8')
  return mountinfo
    .split('\n')
    .map(line => decodeOctal(line.split(' ')[4] ?? ''))
    .filter(path => path.startsWith(`${folder}/`))
}

/** The kernel writes spaces and their like as three octal digits. */
const decodeOctal = (path: string) =>
  path.replace(/\\(\d{3})/g, (_match, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))
