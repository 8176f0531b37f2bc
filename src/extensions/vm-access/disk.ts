/** The part of a run that looks after a disk. It may take hours, so it is done by a process that outlives the command. */

import { failureText } from '../handler/failure.ts'
import type { Status, Substatus } from '../handler/status.ts'
import {
  checkDisk,
  demandRepairable,
  disksToCheck,
  findDisk,
  mountListed,
  readMounts,
  remount,
  repairDisk,
  unmount,
  type Verdict,
} from '../host/disks.ts'
import type { Mount } from '../host/mounts.ts'
import type { Run } from '../host/run.ts'

export type DiskWork = {
  readonly action: 'check' | 'repair'
  readonly name: string | undefined
  /** What was unmounted, and is to be mounted again whatever happens. */
  readonly unmounted: readonly { readonly device: string; readonly mount: Mount }[]
}

/** Does the work and says what came of it. `save` keeps what was unmounted, before it is. */
export async function doDiskWork(
  work: DiskWork,
  { run, save }: { run: Run; save(work: DiskWork): Promise<void> },
): Promise<{ failure: Status | undefined; substatus: Substatus[] }> {
  const operation = work.action === 'check' ? 'Check' : 'Repair'
  try {
    const verdicts = work.action === 'check' ? await check(work, run) : await repair(work, { run, save })
    const substatus = verdicts.map(({ sound, text }) => entry(work, sound, text))
    const unsound = verdicts.filter(({ sound }) => !sound)
    if (unsound.length === 0) return { failure: undefined, substatus }
    return { failure: failure(operation, unsound.map(({ text }) => text).join(' ')), substatus }
  } catch (error) {
    const text = failureText(error)
    return { failure: failure(operation, text), substatus: [entry(work, false, text)] }
  }
}

async function check({ name }: DiskWork, run: Run): Promise<Verdict[]> {
  const disks = name === undefined ? await disksToCheck(run) : [await findDisk(name, run)]
  if (disks.length === 0) return [{ sound: true, exitCode: 0, text: 'fstab lists no disk to be checked.' }]
  const verdicts: Verdict[] = []
  for (const disk of disks) verdicts.push(await checkDisk(disk, run))
  return verdicts
}

async function repair(
  work: DiskWork,
  { run, save }: { run: Run; save(work: DiskWork): Promise<void> },
): Promise<Verdict[]> {
  const disk = await findDisk(work.name ?? '', run)
  demandRepairable(disk)
  const { device } = disk
  const former = disk.mounts.map(mount => ({ device, mount }))
  const unmounted = former.length > 0 ? former : work.unmounted
  await save({ ...work, unmounted })
  try {
    for (const { mount } of [...former].reverse()) await unmount(mount, run)
    if (readMounts().some(mount => mount.source === device)) throw new Error(`${device} is mounted elsewhere`)
    const verdict = await repairDisk({ ...disk, mounts: [] }, run)
    if (unmounted.length === 0 && verdict.sound) await mountListed(disk, run)
    return [verdict]
  } finally {
    for (const { mount } of unmounted) await remount(device, mount, run)
  }
}

const failure = (operation: 'Check' | 'Repair', text: string): Status => ({
  operation,
  status: 'error',
  code: 0,
  message: `${operation} failed. ${text}`,
})

const entry = ({ action }: DiskWork, sound: boolean, message: string): Substatus => ({
  name: `${action}_disk`,
  status: sound ? 'success' : 'error',
  code: sound ? 0 : 1,
  message,
})
