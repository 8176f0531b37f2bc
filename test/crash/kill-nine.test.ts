import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { type Lazuli, startLazuli } from '../start.ts'
import { everything, until } from './changes.ts'
import { openLedger } from './ledger.ts'
import { vaultKinds } from './vaults.ts'
import { observe, writeUntilDeath } from './writers.ts'

const rounds = 50
const writers = ['machines', 'secrets', 'keys', 'machines', 'secrets', 'certificates'] as const

test('a server that is killed again and again keeps every change that it has answered, and its record of it', async t => {
  const begin = new Date().toISOString()
  const lazuli = await startLazuli(t)
  const ledger = openLedger()
  const acknowledged = new Set<string>()

  for (let round = 0; round < rounds; round++) {
    const names = `r${round}-`
    const answers = writers.map(() => new Set<string>())
    const writing = writers.map((what, writer) =>
      writeUntilDeath(lazuli, ledger, {
        name: `${names}${what}${writer}`,
        what,
        acknowledged: answers[writer] ?? acknowledged,
      }),
    )
    // By what was done and not by the time: a slow machine is not to have its server killed before it does anything. One
    // writer after the other gets as far as it takes, for some are faster than others.
    const awaited = answers[round % writers.length] ?? acknowledged
    const enough = randomInt(1, 12)
    const reached = async () => {
      while (awaited.size < enough) await pause(1)
    }
    await Promise.race([reached(), Promise.all(writing)])
    await pause(randomInt(0, 20))
    assert.equal(await lazuli.kill('SIGKILL'), -1)
    await Promise.all(writing)
    for (const one of answers.flatMap(ids => [...ids])) acknowledged.add(one)

    await lazuli.restart()
    const observed = await observe(lazuli, names)
    assert.deepEqual(ledger.compare(observed, ledger.changed()), [], `after round ${round}`)
    assert.deepEqual(complaints(lazuli), [])
  }
  t.diagnostic(`${acknowledged.size} answered changes of ${ledger.size} things`)
  assert.ok(acknowledged.size > rounds)

  await assertAllRecorded(lazuli, acknowledged, begin)
  await assertNoMachineHalfMade(lazuli)
  assert.equal(await lazuli.kill('SIGTERM'), 0)
  await lazuli.restart()
  const all = await observe(lazuli)
  assert.deepEqual(ledger.compare(all), [])
  for (const kind of vaultKinds)
    assert.ok(
      [...all.keys()].some(id => id.includes(`/${kind}/`)),
      `no ${kind} are left`,
    )
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
