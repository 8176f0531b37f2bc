import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseCgroupLayout } from './cgroups.ts'

const line = (path: string, type: string, options: string) =>
  `36 35 0:30 / ${path} rw,nosuid shared:9 - ${type} ${type} ${options}`

const controllers = ['cpuset', 'cpu', 'io', 'memory', 'pids']
const version1 = [
  line('/sys/fs/cgroup/cpu,cpuacct', 'cgroup', 'rw,cpu,cpuacct'),
  line('/sys/fs/cgroup/memory', 'cgroup', 'rw,memory'),
  line('/sys/fs/cgroup/pids', 'cgroup', 'rw,pids'),
]
const other = line('/', 'ext4', 'rw,discard')

test('one hierarchy with all controllers is version 2', () => {
  assert.deepEqual(parseCgroupLayout([other, line('/sys/fs/cgroup', 'cgroup2', 'rw')].join('\n'), controllers), {
    mode: 'v2',
    hierarchies: [{ path: '/sys/fs/cgroup', version: 2, controllers }],
  })
})

test('a hierarchy per controller is version 1, and hybrid with an empty one of version 2 beside them', () => {
  const layout = parseCgroupLayout([other, ...version1].join('\n'), [])
  assert.equal(layout?.mode, 'v1')
  assert.deepEqual(layout?.hierarchies[0], {
    path: '/sys/fs/cgroup/cpu,cpuacct',
    version: 1,
    controllers: ['rw', 'cpu', 'cpuacct'],
  })
  const unified = line('/sys/fs/cgroup/unified', 'cgroup2', 'rw')
  const hybrid = parseCgroupLayout([...version1, unified].join('\n'), [])
  assert.deepEqual([hybrid?.mode, hybrid?.hierarchies.length], ['hybrid', 4])
})

test('without memory, pids and cpu there is no layout that could hold machines', () => {
  assert.equal(parseCgroupLayout(version1.slice(1).join('\n'), []), undefined)
  assert.equal(parseCgroupLayout(line('/sys/fs/cgroup', 'cgroup2', 'rw'), ['memory', 'pids']), undefined)
  assert.equal(parseCgroupLayout(other, []), undefined)
})
