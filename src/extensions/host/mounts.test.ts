import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseFstab, parseMounts } from './mounts.ts'

test('mounts are read with the names that have spaces, whatever optional fields there are', () => {
  const mountinfo = `36 35 98:0 / / rw,noatime master:1 shared:7 - ext4 /dev/root rw,errors=continue
40 36 7:3 /sub /mnt/my\\040disk rw,relatime - xfs /dev/loop3 rw
`
  assert.deepEqual(parseMounts(mountinfo), [
    { device: '98:0', root: '/', point: '/', type: 'ext4', source: '/dev/root', options: 'rw,noatime' },
    { device: '7:3', root: '/sub', point: '/mnt/my disk', type: 'xfs', source: '/dev/loop3', options: 'rw,relatime' },
  ])
})

test('fstab is read without comments, swap and what is missing at the end of a line', () => {
  const fstab = `# <file system> <mount point>
UUID=1234 / ext4 errors=remount-ro 0 1
/dev/sdb1\t/mnt/my\\040disk\txfs\tdefaults,nofail 0 2
/dev/sdc1 none swap sw 0 0
/dev/sdd1 /data
`
  assert.deepEqual(parseFstab(fstab), [
    { source: 'UUID=1234', point: '/', type: 'ext4', options: ['errors=remount-ro'], pass: 1 },
    { source: '/dev/sdb1', point: '/mnt/my disk', type: 'xfs', options: ['defaults', 'nofail'], pass: 2 },
    { source: '/dev/sdd1', point: '/data', type: '', options: [''], pass: 0 },
  ])
})
