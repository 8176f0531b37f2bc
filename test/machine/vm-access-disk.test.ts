/**
 * Disks, checked and repaired in a root of a machine's files, but with the host's right to mount, which sandboxes do not
 * have: in a mount namespace that ends with the script.
 */

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cp, mkdtemp, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { promisify } from 'node:util'
import '../deadline.ts'
import { packageExtension } from '../../package-extensions.ts'
import { limits } from './rig.ts'
import { handler, openVmAccess, refused, type Settings, succeeded, type VmAccess } from './vm-access-rig.ts'

const execute = promisify(execFile)

type Bench = VmAccess & {
  readonly image: string
  digest(): Promise<string>
  /** Runs `enable` with public settings, with a script before and one after it; what the last one says is `said`. */
  on(
    settings: Settings,
    around?: { before?: string; after?: string },
  ): Promise<Awaited<ReturnType<VmAccess['enable']>> & { said: string }>
}

/** A machine's files, and an ext4 file system with one file on a loop device, /dev/sdc1 there. */
async function openBench(t: TestContext): Promise<Bench> {
  // Before the machine's own, which looks for what is left.
  let detach = async () => undefined as unknown
  t.after(() => detach())
  const vm = await openVmAccess(t)
  const image = join(vm.at.folder, 'disk.img')
  const sh = async (script: string) => (await execute('sh', ['-ec', script])).stdout.trim()
  await sh(`truncate -s 16M ${image}; mkdir ${vm.at.folder}/files; echo precious > ${vm.at.folder}/files/file
    mke2fs -q -t ext4 -b 1024 -d ${vm.at.folder}/files ${image}`)
  const loop = await sh(`losetup --find --show ${image}`)
  detach = () => execute('losetup', ['--detach', loop])
  const { rdev } = await stat(loop)
  const minor = (rdev & 0xff) | ((rdev >> 12) & 0xfff00)
  const root = vm.path('/')
  const enter = `mount --make-rprivate /; mount -t proc proc ${root}/proc; mount -t sysfs sysfs ${root}/sys
    mount -t tmpfs dev ${root}/dev; mknod ${root}/dev/sdc1 b 7 ${minor}; mknod -m 666 ${root}/dev/null c 1 3
    mknod -m 666 ${root}/dev/urandom c 1 9; mount --bind ${process.execPath} ${root}/usr/lib/lazuli/node; mkdir -p ${root}/mnt/data`
  return {
    ...vm,
    image,
    digest: async () =>
      createHash('sha256')
        .update(await readFile(image))
        .digest('hex'),
    async on(settings, { before = 'true', after = 'true' } = {}) {
      const sequence = await vm.write({}, settings)
      const inside = `set -e; cd ${handler}; export ConfigSequenceNumber=${sequence}; ${before}
        code=0; bin/vm-access enable >&2 || code=$?; echo $code; ${after}`
      const script = `${enter}; exec chroot ${root} sh -c '${inside}'`
      const { stdout, stderr } = await execute('unshare', ['--mount', '--pid', '--fork', 'sh', '-ec', script])
      const [code, ...said] = stdout.trim().split('\n')
      return { exitCode: Number(code), output: stderr, said: said.join('\n'), status: await vm.status(sequence) }
    },
  }
}

/** Wipes the first superblock, which is where everything begins, and some of the bitmaps. */
const damage = async ({ image }: Bench) => {
  for (const [block, count] of [
    [1, 1],
    [66, 4],
  ] as const)
    await execute('dd', [
      'if=/dev/zero',
      `of=${image}`,
      'bs=1024',
      `seek=${block}`,
      `count=${count}`,
      'conv=notrunc,fsync',
      'status=none',
    ])
  await execute('blockdev', [
    '--flushbufs',
    (await execute('losetup', ['-n', '-O', 'NAME', '-j', image])).stdout.trim(),
  ])
}

test('a sound disk is found sound, and a damaged one is reported and not written to', limits, async t => {
  const bench = await openBench(t)
  const before = await bench.digest()
  const { substatus } = succeeded(await bench.on({ check_disk: 'true', disk_name: 'sdc1' }))
  assert.equal(substatus[0]?.name, 'check_disk')
  assert.match(substatus[0]?.formattedMessage.message ?? '', /^\/dev\/sdc1 is sound \(e2fsck ended with 0\)/)
  assert.equal(await bench.digest(), before)

  await damage(bench)
  const damaged = await bench.digest()
  const outcome = await bench.on({ check_disk: true, disk_name: '/dev/sdc1' })
  assert.match(refused(outcome), /^Check failed\. \/dev\/sdc1 is not sound \(e2fsck ended with \d+\)/)
  assert.equal(outcome.status.operation, 'Check')
  assert.equal(await bench.digest(), damaged)
})

test('a damaged disk is repaired, and its files are there', limits, async t => {
  const bench = await openBench(t)
  await damage(bench)
  const outcome = await bench.on(
    { repair_disk: true, disk_name: 'sdc1' },
    { after: 'mount /dev/sdc1 /mnt/data; cat /mnt/data/file; umount /mnt/data' },
  )
  const { substatus } = succeeded(outcome)
  assert.match(substatus[0]?.formattedMessage.message ?? '', /^\/dev\/sdc1 is sound again \(e2fsck ended with 1\)/)
  assert.equal(outcome.said, 'precious')
  succeeded(await bench.on({ check_disk: true, disk_name: 'sdc1' }))
})

test('a disk that is named by its folder is unmounted, repaired and mounted as it was', limits, async t => {
  const bench = await openBench(t)
  const mounts = 'grep /mnt/data /proc/self/mounts; cat /mnt/data/file'
  const outcome = await bench.on(
    { repair_disk: true, disk_name: 'mnt/data' },
    { before: 'mount -o noatime,nodev /dev/sdc1 /mnt/data', after: mounts },
  )
  succeeded(outcome)
  assert.match(outcome.said, /^\/dev\/sdc1 \/mnt\/data ext4 rw,nodev,noatime.*\nprecious$/)

  const listed = await bench.on(
    { repair_disk: true, disk_name: '/mnt/data' },
    { before: 'echo "/dev/sdc1 /mnt/data ext4 noatime 0 2" > /etc/fstab', after: mounts },
  )
  succeeded(listed)
  assert.match(listed.said, /noatime.*\nprecious$/)
})

test('a disk in use is left alone, and so is what the system runs from', limits, async t => {
  const bench = await openBench(t)
  const busy = await bench.on(
    { repair_disk: true, disk_name: 'sdc1' },
    { before: 'mount /dev/sdc1 /mnt/data; exec 9< /mnt/data/file', after: 'cat /mnt/data/file' },
  )
  assert.match(refused(busy), /^Repair failed\. umount failed/)
  assert.equal(busy.status.operation, 'Repair')
  assert.equal(busy.said, 'precious')

  const used = await bench.on(
    { repair_disk: true, disk_name: 'sdc1' },
    { before: 'mkdir -p /usr/local/x; mount /dev/sdc1 /usr/local/x' },
  )
  assert.match(refused(used), /in use as \/usr\/local\/x and cannot be repaired/)
})

test('disks of fstab are checked but for those mounted, of which only their state is read', limits, async t => {
  const bench = await openBench(t)
  const fstab = 'printf "/dev/root / ext4 defaults 0 1\\n/dev/sdc1 /mnt/data ext4 defaults 0 2\\n" > /etc/fstab'
  const { substatus } = succeeded(await bench.on({ check_disk: true }, { before: fstab }))
  assert.match(substatus.map(one => one.formattedMessage.message).join(), /^\/dev\/sdc1 is sound/)
  const mounted = succeeded(await bench.on({ check_disk: true }, { before: `${fstab}; mount /dev/sdc1 /mnt/data` }))
  assert.match(mounted.substatus[0]?.formattedMessage.message ?? '', /\/dev\/sdc1 is mounted; its state is "clean"/)
})

test(
  'while a disk is looked after the status is transitioning, and changes of users are made before',
  limits,
  async t => {
    const bench = await openBench(t)
    // Whoever holds the lock is at work on a disk.
    const hold =
      'mkdir -p /var/lib/lazuli/vm-access; flock /var/lib/lazuli/vm-access/worker.lock sh -c "touch /root/held; until grep -qs looked.after status/*.status; do sleep 0.05; done; cat status/*.status > /root/meanwhile" & until test -e /root/held; do sleep 0.05; done'
    const outcome = await bench.on(
      { check_disk: true, disk_name: 'sdc1' },
      { before: hold, after: 'cat /root/meanwhile' },
    )
    succeeded(outcome)
    const [{ status }] = JSON.parse(outcome.said)
    assert.deepEqual(
      [status.status, status.formattedMessage.message],
      ['transitioning', 'The disk is being looked after.'],
    )
  },
)

test('a repair that takes longer than an agent waits goes on, and is reported at its end', limits, async t => {
  const bench = await openBench(t)
  await damage(bench)
  const built = await mkdtemp(join(bench.at.folder, 'impatient-'))
  await packageExtension('vm-access', built, join(import.meta.dirname, 'vm-access-impatient.ts'))
  await cp(join(built, 'vm-access.mjs'), bench.path(`${handler}/vm-access.mjs`))
  const slow = '#!/bin/sh\nwhile ! test -e /root/go; do sleep 0.05; done\nexec /sbin/e2fsck "$@"\n'
  await writeFile(bench.path('/usr/local/sbin/e2fsck'), slow, { mode: 0o755 })
  const atItsEnd = `cat status/*.status; echo; touch /root/go
    until grep -q sound status/*.status; do sleep 0.05; done; mount /dev/sdc1 /mnt/data; cat /mnt/data/file; umount /mnt/data`
  const outcome = await bench.on({ repair_disk: true, disk_name: 'sdc1' }, { after: atItsEnd })
  const { substatus } = succeeded(outcome)
  const [meanwhile = '', content] = outcome.said.split('\n')
  assert.equal(JSON.parse(meanwhile)[0].status.status, 'transitioning')
  assert.match(substatus[0]?.formattedMessage.message ?? '', /^\/dev\/sdc1 is sound again \(e2fsck ended with 1\)/)
  assert.equal(content, 'precious')
})
