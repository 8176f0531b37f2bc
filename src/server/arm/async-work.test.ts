import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import pino from 'pino'
import { resourceId } from '../../wire/resource-id.ts'
import { systemGrant } from '../access/grant.ts'
import { AzureError } from '../errors.ts'
import { openTestStore } from '../store/testing.ts'
import { type Carry, openAsyncWork } from './async-work.ts'

const arrange = systemGrant('arrange a test')
const thing = resourceId('/subscriptions/s/resourceGroups/g/providers/Test.Things/things/one')
const other = resourceId('/subscriptions/s/resourceGroups/g/providers/Test.Things/things/two')
const day = 86_400_000

async function open(t: TestContext, kinds: Record<string, Carry>, directory?: string) {
  const { store, directory: folder, close } = await openTestStore(t, directory)
  const clock = { time: Date.UTC(2026, 0, 1), now: () => clock.time }
  const work = openAsyncWork({ store, clock, log: pino({ level: 'silent' }) })
  await work.resume(kind => kinds[kind])
  return {
    store,
    folder,
    close,
    clock,
    work,
    put: (id = thing, provisioningState = 'Creating') =>
      store.write(tx => tx.resources.put(arrange, id, { properties: { provisioningState, kept: 1 } })),
    plan: (kind: string, input?: unknown, target = thing) =>
      store.write(tx =>
        work.plan(tx, arrange, { kind, target: target.text, ...(input === undefined ? {} : { input }) }),
      ),
    state: async (id = thing) => (await store.resources.get(arrange, id))?.body.properties,
    operation: (id: string) => store.asyncOperations.get(arrange, id),
  }
}

/** Something that a test can wait at and let go. */
function gate() {
  let open = () => {}
  const passed = new Promise<void>(resolve => {
    open = resolve
  })
  return { passed, open: () => open() }
}

test('work that succeeds says so in its record and in the resource, and gets what it was planned with', async t => {
  const seen: unknown[] = []
  const { put, plan, work, state, operation, clock } = await open(t, {
    'Test.Things/things/write': async ({ input }, resource) => {
      seen.push(input, resource?.body)
    },
  })
  await put()
  const planned = await plan('Test.Things/things/write', { password: 'secret' })
  assert.equal(planned.status, 'InProgress')
  clock.time += 1000
  const ended = await work.begin(planned)
  assert.deepEqual(seen, [{ password: 'secret' }, { properties: { provisioningState: 'Creating', kept: 1 } }])
  assert.deepEqual([ended.status, ended.endedAt], ['Succeeded', clock.time])
  assert.deepEqual(await state(), { provisioningState: 'Succeeded', kept: 1 })
  const { input, ...record } = ended
  assert.deepEqual(await operation(planned.id), record, 'and forgets its input')
})

test('the input of work is not readable in the database', async t => {
  const { plan, store, folder } = await open(t, {})
  await plan('Test.Things/things/write', { password: 'correct horse' })
  const [planned] = await store.asyncOperations.unfinished(arrange)
  assert.deepEqual(planned?.input, { password: 'correct horse' })
  const files = readdirSync(folder).filter(name => name.startsWith('lazuli.sqlite'))
  const written = Buffer.concat(files.map(name => readFileSync(join(folder, name))))
  assert.ok(written.includes(thing.text), 'the record is in there')
  assert.ok(!written.includes('correct horse'))
})

test('work that is refused ends with the refusal, and its resource has failed', async t => {
  const { put, plan, work, state } = await open(t, {
    'Test.Things/things/write': async () => {
      throw new AzureError(409, 'NoSpace', 'There is no space.')
    },
  })
  await put()
  const ended = await work.begin(await plan('Test.Things/things/write'))
  assert.deepEqual([ended.status, ended.error], ['Failed', { code: 'NoSpace', message: 'There is no space.' }])
  assert.deepEqual(await state(), { provisioningState: 'Failed', kept: 1 })
})

test('work that breaks tells the client no more than where to look', async t => {
  const { put, plan, work } = await open(t, {
    'Test.Things/things/write': async () => {
      throw new Error('password is hunter2')
    },
  })
  await put()
  const ended = await work.begin(await plan('Test.Things/things/write'))
  assert.deepEqual(ended.error, {
    code: 'InternalOperationError',
    message: `An unexpected error occurred. It is in the server's log under operation ${ended.id}.`,
  })
})

test('work of a kind that nobody carries out fails', async t => {
  const { plan, work } = await open(t, {})
  assert.equal((await work.begin(await plan('Test.Things/things/write'))).status, 'Failed')
})

test('a deletion takes the resource, what lies below it and the roles there with the end of its work', async t => {
  const { put, plan, work, state, store } = await open(t, { 'Test.Things/things/delete': async () => undefined })
  const child = resourceId(`${thing.text}/parts/p`)
  const sibling = resourceId(`${thing.text}x`)
  for (const id of [thing, child, sibling]) await put(id, 'Deleting')
  await store.write(tx =>
    tx.roles.putAssignment(arrange, {
      name: 'a',
      scope: child.text,
      principalId: 'p',
      principalType: 'User',
      roleDefinitionId: 'r',
      createdOn: '',
      updatedOn: '',
      createdBy: '',
      updatedBy: '',
    }),
  )
  await work.begin(await plan('Test.Things/things/delete'))
  assert.deepEqual([await state(thing), await state(child)], [undefined, undefined])
  assert.deepEqual(await state(sibling), { provisioningState: 'Deleting', kept: 1 })
  assert.deepEqual(await store.roles.assignmentsOf(arrange, 'p'), [])
})

test('a deletion of what is gone already has succeeded, without being carried out', async t => {
  let carried = 0
  const { plan, work } = await open(t, {
    'Test.Things/things/delete': async () => {
      carried++
    },
  })
  assert.equal((await work.begin(await plan('Test.Things/things/delete'))).status, 'Succeeded')
  assert.equal(carried, 0)
})

test('work on one resource is done one after the other, and on others meanwhile', async t => {
  const order: unknown[] = []
  const first = gate()
  const { put, plan, work } = await open(t, {
    'Test.Things/things/write': async ({ input }) => {
      if (input === 1) await first.passed
      order.push(input)
    },
  })
  await put(thing)
  await put(other)
  const one = work.begin(await plan('Test.Things/things/write', 1))
  const two = work.begin(await plan('Test.Things/things/write', 2))
  await work.begin(await plan('Test.Things/things/write', 3, other))
  first.open()
  await Promise.all([one, two])
  assert.deepEqual(order, [3, 1, 2])
})

test('what is being deleted stays so when the making of it ends', async t => {
  const making = gate()
  const { put, plan, work, state } = await open(t, { 'Test.Things/things/write': () => making.passed })
  await put()
  const made = work.begin(await plan('Test.Things/things/write'))
  await put(thing, 'Deleting')
  making.open()
  await made
  assert.deepEqual(await state(), { provisioningState: 'Deleting', kept: 1 })
})

test('an action leaves the state of its resource alone and may answer something', async t => {
  const { put, plan, work, state } = await open(t, { 'Test.Things/things/poke/action': async () => ({ answer: 42 }) })
  await put(thing, 'Succeeded')
  const ended = await work.begin(await plan('Test.Things/things/poke/action'))
  assert.deepEqual([ended.status, ended.result], ['Succeeded', { answer: 42 }])
  assert.deepEqual(await state(), { provisioningState: 'Succeeded', kept: 1 })
})

test('what a process left unfinished is taken up by the next one, with its input and in order', async t => {
  const never = gate()
  const first = await open(t, { 'Test.Things/things/write': () => never.passed })
  await first.put()
  const interrupted = await first.plan('Test.Things/things/write', 'one')
  void first.work.begin(interrupted)
  first.clock.time += 1
  const notBegun = await first.plan('Test.Things/things/write', 'two')
  await first.close()

  const inputs: unknown[] = []
  const done = gate()
  const second = await open(
    t,
    {
      'Test.Things/things/write': async ({ input }) => {
        inputs.push(input)
        if (inputs.length === 2) done.open()
      },
    },
    first.folder,
  )
  await done.passed
  await second.work.close(5_000)
  assert.deepEqual(inputs, ['one', 'two'])
  for (const { id } of [interrupted, notBegun]) assert.equal((await second.operation(id))?.status, 'Succeeded')
  assert.deepEqual(await second.state(), { provisioningState: 'Succeeded', kept: 1 })
})

test('work that a stop interrupts is not a failure: it goes on at the next start', async t => {
  const stopping = gate()
  const { put, plan, work, operation, state } = await open(t, {
    'Test.Things/things/write': async () => {
      await stopping.passed
      throw new Error('the connection is gone')
    },
  })
  await put()
  const planned = await plan('Test.Things/things/write')
  const begun = work.begin(planned)
  const later = await plan('Test.Things/things/write')
  const closed = work.close(5_000)
  const laterBegun = work.begin(later)
  stopping.open()
  await closed
  assert.equal((await begun).status, 'InProgress')
  assert.equal((await laterBegun).status, 'InProgress', 'and nothing more is begun')
  assert.equal((await operation(planned.id))?.status, 'InProgress')
  assert.deepEqual(await state(), { provisioningState: 'Creating', kept: 1 })
})

test('records are forgotten a week after their end', async t => {
  const { put, plan, work, operation, clock } = await open(t, { 'Test.Things/things/write': async () => undefined })
  await put()
  const old = await work.begin(await plan('Test.Things/things/write'))
  clock.time += 6 * day
  const younger = await work.begin(await plan('Test.Things/things/write'))
  assert.ok(await operation(old.id))
  clock.time += 2 * day
  await work.begin(await plan('Test.Things/things/write'))
  assert.equal(await operation(old.id), undefined)
  assert.ok(await operation(younger.id))
})
