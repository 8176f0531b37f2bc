import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Client } from './client.ts'
import { findMachine } from './machines.ts'

const id = (group: string, name: string) =>
  `/subscriptions/s/resourceGroups/${group}/providers/Microsoft.Compute/virtualMachines/${name}`

const knowing = (...machines: [group: string, name: string][]): Pick<Client, 'ask'> => ({
  ask: async <Shape>() => ({ value: machines.map(([group, name]) => ({ name, id: id(group, name) })) }) as Shape,
})

test('a machine is found by its name and by its id, in any case', async () => {
  const client = knowing(['g', 'web1'], ['g', 'web2'])
  for (const asked of ['web2', 'WEB2', id('G', 'Web2')]) {
    assert.equal((await findMachine(client, asked)).id, id('g', 'web2'))
  }
})

test('an unknown machine is exit code 3, with the names that there are', async () => {
  await assert.rejects(findMachine(knowing(['g', 'web1'], ['g', 'web2']), 'db'), {
    exitCode: 3,
    next: ['There are: web1, web2'],
  })
  await assert.rejects(findMachine(knowing(), 'db'), { exitCode: 3, next: ['There are no machines yet.'] })
})

test('a name that several machines have is refused, with their ids', async () => {
  await assert.rejects(findMachine(knowing(['a', 'web'], ['b', 'web']), 'web'), {
    exitCode: 1,
    next: [id('a', 'web'), id('b', 'web')],
  })
})
