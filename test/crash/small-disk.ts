import { execFile } from 'node:child_process'
import { copyFile, mkdir, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = async (file: string, ...argv: string[]): Promise<void> => {
  await promisify(execFile)(file, argv)
}

export type SmallDisk = {
  /** Where its file system is mounted. */
  readonly path: string
  /** Takes all room that there is, and leaves none. */
  fill(): Promise<void>
  /** Gives it back. */
  empty(): Promise<void>
  /** From `fail` on, until it is mounted again. */
  readonly isDown: boolean
  /** From now on all reads and writes fail, and what was not synced before is lost, as when a cable is pulled out. */
  fail(): Promise<void>
  /** Puts the cable back in. Nobody may have a file open. */
  mountAgain(): Promise<void>
}

/** An ext4 on a loop device. The kernel takes the device away with the last mount, whatever becomes of the test. */
export async function mountSmallDisk(t: { after(step: () => Promise<void>): void }): Promise<SmallDisk> {
  const folder = await mkdtemp(join(tmpdir(), 'lazuli-disk-'))
  const path = join(folder, 'disk')
  const ballast = join(path, 'ballast')
  let mounts = 0
  let isDown = false
  const image = () => join(folder, `image-${mounts}`)
  const mount = () => run('mount', '-t', 'ext4', '-o', 'loop', image(), path)

  await mkdir(path)
  await writeFile(image(), '')
  await truncate(image(), 64 * 1024 * 1024)
  await run('mkfs.ext4', '-q', '-m', '0', image())
  await mount()
  t.after(async () => {
    // Lazily, for a process that a failed test has left must not keep it.
    await run('umount', '--lazy', path)
    await rm(folder, { recursive: true })
  })
  return {
    path,
    get isDown() {
      return isDown
    },
    // What writes beside it frees blocks, too.
    fill: () =>
      run(
        'sh',
        '-c',
        'for i in 1 2 3; do dd if=/dev/zero of="$0" bs=1k oflag=append conv=notrunc status=none; sync; done; true',
        ballast,
      ),
    empty: () => rm(ballast),
    async fail() {
      isDown = true
      // FS_IOC_SHUTDOWN with EXT4_GOING_FLAGS_NOLOGFLUSH, which Node has no way to ask for; Perl is on every Debian.
      await run('perl', '-e', '$how = pack "L", 2; open D, "<", shift and ioctl D, 0x8004587D, $how or die $!', path)
    },
    async mountAgain() {
      await run('umount', path)
      // A copy: while anybody else still has the old mount, in a namespace of their own, the kernel would give us that.
      const before = image()
      mounts += 1
      await copyFile(before, image())
      await rm(before)
      await mount()
      isDown = false
    },
  }
}
