import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { machineBody, machineId, machineVersion, newGroup } from '../contract/arrange.ts'
import { everything, until } from '../crash/changes.ts'
import { leftByServer, snapshot } from '../leftovers.ts'
import { type Lazuli, startLazuli } from '../start.ts'
import { limits } from './rig.ts'

const rounds = 4
const together = 3

test('a server that is killed while it makes and deletes machines ends what it began', limits, async t => {
  const before = snapshot('')
  const lazuli = await startLazuli(t, { machines: 'sandbox' })
  const group = await newGroup(lazuli)
  const answered = { made: new Set<string>(), deleted: new Set<string>() }

  for (let round = 0; round < rounds; round++) {
    const [oldest] = answered.made
    const changing = [
      ...Array.from({ length: together }, (_, i) => create(lazuli, machineId(group, `m${round}-${i}`), answered)),
      ...(oldest === undefined ? [] : [remove(lazuli, oldest, answered)]),
    ]
    await pause(randomInt(20, 1_000))
    await lazuli.kill('SIGKILL')
    await Promise.all(changing)
    await lazuli.restart()
    await assertWhole(lazuli, answered)
  }

  assert.equal((await lazuli.arm('DELETE', `${group}?api-version=2021-04-01`)).status, 202)
  await until(
    () => lazuli.arm('GET', `${group}?api-version=2021-04-01`),
    ({ status }) => status === 404,
  )
  assert.equal(await lazuli.kill('SIGTERM'), 0)
  assert.deepEqual(leftByServer(lazuli.directory, before), [])
})

type Answered = { readonly made: Set<string>; readonly deleted: Set<string> }

/** Changes a machine; what is not answered before the server dies may have been done or not. */
async function create(lazuli: Lazuli, id: string, answered: Answered): Promise<void> {
  const body = machineBody({ type: 'SystemAssigned' })
  const answer = await lazuli.arm('PUT', `${id}?${machineVersion}`, { body }).catch(() => undefined)
  if (!answer) return
  assert.equal(answer.status, 201)
  answered.made.add(id)
}

async function remove(lazuli: Lazuli, id: string, answered: Answered): Promise<void> {
  answered.made.delete(id)
  const answer = await lazuli.arm('DELETE', `${id}?${machineVersion}`).catch(() => undefined)
  if (!answer) return
  assert.equal(answer.status, 202)
  answered.deleted.add(id)
}

type Row = { readonly id: string; readonly properties: { readonly provisioningState: string } }
type Running = { readonly id: string; readonly powerState: string; readonly address: string }

/** Every machine that is recorded is really there, and there is no other. */
async function assertWhole(lazuli: Lazuli, { made, deleted }: Answered): Promise<void> {
  const path = `${lazuli.subscription}/providers/Microsoft.Compute/virtualMachines?${machineVersion}`
  const machines = await until(
    () => everything<Row>(lazuli, path),
    rows => rows.every(({ properties }) => properties.provisioningState === 'Succeeded'),
  )
  const ids = machines.map(({ id }) => id)
  assert.deepEqual(
    [...made].filter(id => !ids.includes(id)),
    [],
  )
  assert.deepEqual(
    [...deleted].filter(id => ids.includes(id)),
    [],
  )
  const running = await until(
    async () => {
      const { stdout } = await lazuli.command(['status', '--json'])
      return JSON.parse(stdout).machines.list as Running[]
    },
    list => list.every(({ powerState }) => powerState === 'running'),
  )
  assert.deepEqual(running.map(({ id }) => id).sort(), ids.sort())
  for (const { address } of running) await until(() => saysSsh(address), Boolean)
}

async function saysSsh(address: string): Promise<boolean> {
  const socket = connect({ host: address, port: 22, timeout: 1_000 })
  try {
    const [banner] = await Promise.race([once(socket, 'data'), once(socket, 'timeout')])
    return String(banner).startsWith('SSH-2.0-')
  } catch {
    // Not listening yet.
    return false
  } finally {
    socket.destroy()
  }
}
