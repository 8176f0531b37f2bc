import assert from 'node:assert/strict'
import { test } from 'node:test'
import { handlerPackage } from '../../../../test/handler-package.ts'
import { openAgentRig } from './testing-agent.ts'

const note = (what: string) =>
  `echo "${what} $(basename "$PWD" | sed 's/.*-//') $ConfigExtensionName" >> "$PLACE/order"`

/** A handler that can do with several extensions, each with settings and a status under its own name. */
const several = handlerPackage({
  ...Object.fromEntries(['install', 'update', 'disable', 'uninstall'].map(what => [what, note(what)])),
  enable: `${note('enable')}
seq=$ConfigExtensionName.$ConfigSequenceNumber
status success 0 "$ConfigExtensionName has $(sed 's/.*"n":\\([0-9]*\\).*/\\1/' "config/$seq.settings")"`,
  manifest: { supportsMultipleExtensions: true },
})

test('several extensions of one handler have lives of their own, and the handler one for all', async t => {
  const { startAgent, publish, apply, finish, send, vm, read } = await openAgentRig(t)
  startAgent()
  await publish('Contoso.Tools.Many__1.0.zip', several)
  const many = (n: number, version = '1.0') => ({
    ...{ publisher: 'Contoso.Tools', type: 'Many', typeHandlerVersion: version },
    settings: { n },
  })
  const said = async (name: string) => {
    const { properties } = (await send('GET', `${vm}/extensions/${name}?$expand=instanceView`)).body
    return properties.instanceView.statuses[0].message
  }
  const log = async () => (await read('order')).split('\n').slice(0, -1)

  for (const [name, n] of [
    ['one', 1],
    ['two', 2],
  ] as const)
    assert.deepEqual(await apply(name, many(n)).then(({ status, error }) => [status, error]), ['Succeeded', undefined])
  assert.deepEqual([await said('one'), await said('two')], ['one has 1', 'two has 2'])
  assert.deepEqual(await log(), ['install 1.0 ', 'enable 1.0 one', 'enable 1.0 two'])

  // A change of one is nothing to the other.
  assert.equal((await apply('two', many(3))).status, 'Succeeded')
  assert.deepEqual([await said('one'), await said('two')], ['one has 1', 'two has 3'])
  const { vmAgent } = (await send('GET', `${vm}?$expand=instanceView`)).body.properties.instanceView
  assert.deepEqual(
    vmAgent.extensionHandlers.map(({ type }: { type: string }) => type),
    ['Contoso.Tools.Many'],
  )

  // A newer version is for all of them.
  await publish('Contoso.Tools.Many__1.1.zip', several)
  assert.equal((await apply('one', many(1, '1.1'))).status, 'Succeeded')
  while ((await log()).filter(line => line.startsWith('enable 1.1')).length < 2) await new Promise(setImmediate)
  const upgrade = (await log()).slice(4)
  assert.deepEqual(upgrade.slice(0, 5), [
    'disable 1.0 one',
    'disable 1.0 two',
    'update 1.1 ',
    'uninstall 1.0 ',
    'install 1.1 ',
  ])
  assert.deepEqual(upgrade.slice(5).sort(), ['enable 1.1 one', 'enable 1.1 two'])

  assert.equal((await finish('DELETE', `${vm}/extensions/one`)).status, 'Succeeded')
  assert.deepEqual((await log()).slice(11), ['disable 1.1 one'])
  assert.equal(await said('two'), 'two has 3')
  assert.equal((await apply('one', many(9, '1.1'))).status, 'Succeeded')
  assert.equal(await said('one'), 'one has 9')

  for (const name of ['one', 'two'])
    assert.equal((await finish('DELETE', `${vm}/extensions/${name}`)).status, 'Succeeded')
  assert.deepEqual((await log()).slice(12), ['enable 1.1 one', 'disable 1.1 one', 'disable 1.1 two', 'uninstall 1.1 '])
})
