import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { type Lazuli, startLazuli } from '../start.ts'
import { openLedger } from './ledger.ts'
import { everything, observe, until, writeUntilDeath } from './writers.ts'

const rounds = 50
const writers = 6

test('a server that is killed again and again keeps every change that it has answered, and its record of it', async t => {
  const begin = new Date().toISOString()
  const lazuli = await startLazuli(t)
  const ledger = openLedger()
  const acknowledged = new Set<string>()

  const reached = async (size: number) => {
    while (acknowledged.size < size) await pause(1)
  }

  for (let round = 0; round < rounds; round++) {
    const writing = Array.from({ length: writers }, (_, writer) =>
      writeUntilDeath(lazuli, ledger, {
        name: `r${round}w${writer}`,
        what: writer % 2 === 0 ? 'machines' : 'vaults',
        acknowledged,
      }),
    )
    // By what was done and not by the time: a slow machine is not to have its server killed before it does anything.
    const enough = acknowledged.size + randomInt(1, 40)
    await Promise.race([reached(enough), Promise.all(writing)])
    await pause(randomInt(0, 20))
    assert.equal(await lazuli.kill('SIGKILL'), -1)
    await Promise.all(writing)

    await lazuli.restart()
    assert.deepEqual(ledger.compare(await observe(lazuli)), [], `after round ${round}`)
    assert.deepEqual(complaints(lazuli), [])
  }
  t.diagnostic(`${acknowledged.size} answered changes of ${ledger.size} things`)
  assert.ok(acknowledged.size > rounds)

  await assertAllRecorded(lazuli, acknowledged, begin)
  await assertNoMachineHalfMade(lazuli)
  assert.equal(await lazuli.kill('SIGTERM'), 0)
  await lazuli.restart()
  assert.deepEqual(ledger.compare(await observe(lazuli)), [])
})

/** Errors, and what is worse, in the server's log. */
const complaints = (lazuli: Lazuli) =>
  lazuli.server
    .log()
    .split('\n')
    .filter(line => /"level":[56]0/.test(line))

async function assertAllRecorded(lazuli: Lazuli, acknowledged: ReadonlySet<string>, begin: string): Promise<void> {
  const filter = encodeURIComponent(`eventTimestamp ge '${begin}'`)
  const events = await everything<{ correlationId: string }>(
    lazuli,
    `${lazuli.subscription}/providers/Microsoft.Insights/eventtypes/management/values?api-version=2015-04-01&$top=1000&$filter=${filter}`,
  )
  const recorded = new Set(events.map(({ correlationId }) => correlationId))
  assert.deepEqual(
    [...acknowledged].filter(id => !recorded.has(id)),
    [],
  )
}

async function assertNoMachineHalfMade(lazuli: Lazuli): Promise<void> {
  const path = `${lazuli.subscription}/providers/Microsoft.Compute/virtualMachines?api-version=2024-07-01&$top=1000`
  const machines = await until(
    () => everything(lazuli, path),
    all => all.every(({ properties }) => properties.provisioningState === 'Succeeded'),
  )
  const { stdout } = await lazuli.command(['status', '--json'])
  const running: { id: string; powerState: string }[] = JSON.parse(stdout).machines.list
  assert.deepEqual(
    running.map(({ id, powerState }) => [id, powerState]).sort(),
    machines.map(({ id }) => [id, 'running']).sort(),
  )
}
