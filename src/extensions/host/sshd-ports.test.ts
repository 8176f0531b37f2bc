import assert from 'node:assert/strict'
import { test } from 'node:test'
import { portsOf } from './sshd-ports.ts'

const cases: readonly (readonly [
  what: string,
  printed: Record<string, readonly string[]>,
  ports: readonly number[],
])[] = [
  ['the usual', { port: ['22'], listenaddress: ['[::]:22', '0.0.0.0:22'] }, [22]],
  [
    'several',
    { port: ['2222', '22'], listenaddress: ['[::]:2222', '0.0.0.0:2222', '[::]:22', '0.0.0.0:22'] },
    [22, 2222],
  ],
  ['a port with an address', { port: ['22'], listenaddress: ['10.0.0.4:2222'] }, [2222]],
  ['no addresses', { port: ['2222'] }, [2222]],
]
for (const [what, printed, ports] of cases) {
  test(`the ports that sshd listens on: ${what}`, () => {
    assert.deepEqual(portsOf(new Map(Object.entries(printed))), ports)
  })
}
