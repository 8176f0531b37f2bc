/** check_disk and repair_disk on file systems that are really damaged: on loop devices of the host, for a machine has none. */

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtemp, open, readFile, rm, rmdir, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import '../deadline.ts'
import { run } from '../../src/extensions/host/run.ts'
import { type DiskWork, doDiskWork } from '../../src/extensions/vm-access/disk.ts'
import { limits } from './rig.ts'

/** An ext4 with a file in it, on a loop device, with a folder to mount it on. Below /tmp would be part of the system. */
async function newDisk(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'lazuli-disk-'))
  const point = await mkdtemp('/mnt/lazuli-disk-')
  const image = join(folder, 'image')
  await writeFile(image, '')
  await truncate(image, 16 * 1024 * 1024)
  await run('mkfs.ext4', ['-q', image])
  const device = (await run('losetup', ['--find', '--show', image])).stdout.toString().trim()
  t.after(async () => {
    await run('umount', ['--quiet', '--', point], { anyExit: true })
    await run('losetup', ['--detach', device])
    await rmdir(point)
    await rm(folder, { recursive: true })
  })
  const mount = (options = 'rw') => run('mount', ['-t', 'ext4', '-o', options, device, point])
  const unmount = () => run('umount', [point])
  await mount()
  await writeFile(join(point, 'kept'), 'kept')
  await unmount()
  return {
    ...{ device, point, mount, unmount },
    /** Wipes out the inode of lost+found: its entry in the root then leads nowhere. */
    damage: () => run('debugfs', ['-w', '-R', 'clri <11>', device]),
    content: async () => {
      await run('blockdev', ['--flushbufs', device])
      return createHash('sha256')
        .update(await readFile(image))
        .digest('hex')
    },
    mounts: async () =>
      (await readFile('/proc/self/mountinfo', 'utf8')).split('\n').filter(line => line.includes(point)),
  }
}

async function work(action: DiskWork['action'], name: string) {
  const saved: DiskWork[] = []
  const save = async (kept: DiskWork) => {
    saved.push(kept)
  }
  const { failure, substatus } = await doDiskWork({ action, name, unmounted: [] }, { run, save })
  const [{ status, message } = { status: '', message: '' }, ...more] = substatus
  assert.deepEqual(more, [])
  return { failure, status, message, saved }
}

test('check_disk finds what is damaged, and changes not a byte', limits, async t => {
  const { device, damage, content } = await newDisk(t)
  const sound = await work('check', device)
  assert.deepEqual([sound.failure, sound.status], [undefined, 'success'])
  assert.match(sound.message, /is sound \(e2fsck ended with 0\)/)

  await damage()
  const before = await content()
  const { failure, status, message } = await work('check', device)
  assert.equal(status, 'error')
  assert.match(message, /is not sound \(e2fsck ended with 4\)/)
  assert.match(failure?.message ?? '', /^Check failed\. \/dev\/loop/)
  assert.equal(await content(), before)
})

test('repair_disk repairs a disk that is mounted, and mounts it again as it was', limits, async t => {
  const { device, point, damage, mount, unmount, mounts } = await newDisk(t)
  await damage()
  await mount('rw,noatime,nosuid')
  const before = await mounts()

  // It can be named by where it is mounted, as well.
  const { failure, status, message, saved } = await work('repair', point)
  assert.deepEqual([failure, status], [undefined, 'success'])
  assert.match(message, /is sound again \(e2fsck ended with 1\)/)
  // What is to be mounted again is known before anything is unmounted.
  assert.deepEqual(
    saved.map(({ unmounted }) => unmounted.map(({ mount }) => mount.point)),
    [[point]],
  )
  const options = (line = '') => line.split(' ').slice(2)
  assert.deepEqual((await mounts()).map(options), before.map(options))
  assert.equal(await readFile(join(point, 'kept'), 'utf8'), 'kept')
  await unmount()
  assert.equal((await work('check', device)).status, 'success')
})

test('repair_disk leaves alone what is in use, what the system runs from, and what is no disk', limits, async t => {
  const { device, point, damage, mount, mounts, content, unmount } = await newDisk(t)
  await damage()
  await mount()
  const used = await open(join(point, 'kept'), 'r')
  const busy = await work('repair', device)
  await used.close()
  assert.equal(busy.status, 'error')
  assert.match(busy.message, /busy/)
  assert.equal((await mounts()).length, 1)
  await unmount()

  const before = await content()
  for (const [name, why] of [
    ['/', /cannot be repaired while the system runs/],
    ['sdzz9', /There is no disk called sdzz9/],
    ['../etc/passwd', /There is no disk/],
    ['null', /There is no disk/],
  ] as const) {
    const { failure, message } = await work('repair', name)
    assert.match(message, why)
    assert.match(failure?.message ?? '', /^Repair failed\. /)
  }
  assert.equal(await content(), before)
})
