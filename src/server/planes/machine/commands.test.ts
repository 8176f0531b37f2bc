import assert from 'node:assert/strict'
import { chmod, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { openAgentRig } from './testing-agent.ts'

const command = (properties: object) => ({ location: 'westeurope', properties })

test('a command keeps what it has said, and shows no secret', async t => {
  const { startAgent, vm, finish, send, read } = await openAgentRig(t)
  startAgent()
  const path = `${vm}/runCommands/hello`
  const wish = {
    source: { script: 'echo "hello $who $1, $token"; tr "\\0" " " < /proc/$$/cmdline; exit 4' },
    parameters: [{ name: 'who', value: 'ann' }],
    protectedParameters: [{ name: 'token', value: 'tr0ubador' }],
  }
  assert.equal((await finish('PUT', path, command(wish))).status, 'Succeeded')
  const { properties } = (await send('GET', `${path}?$expand=instanceView`)).body
  const { startTime: _start, endTime: _end, output, ...view } = properties.instanceView
  assert.deepEqual(view, { executionState: 'Failed', exitCode: 4, error: '' })
  assert.match(output, /^hello ann ann, tr0ubador\n\/bin\/sh .*script\.sh ann $/)
  assert.equal(properties.protectedParameters, undefined)
  assert.doesNotMatch(await read('state/goal-state.json'), /tr0ubador/)
})

test('a command runs as the user who is named, with the rights of that user alone', { skip: notRoot() }, async t => {
  const { startAgent, vm, finish, send, folder } = await openAgentRig(t)
  await chmod(folder, 0o711)
  startAgent()
  const outcome = async (name: string, properties: object) => {
    const { status } = await finish('PUT', `${vm}/runCommands/${name}`, command(properties))
    const { body } = await send('GET', `${vm}/runCommands/${name}?$expand=instanceView`)
    const { startTime: _start, endTime: _end, ...view } = body.properties.instanceView
    assert.equal(body.properties.runAsPassword, undefined)
    return { status, ...view }
  }
  const script = `id -un; id -G; ls ${folder}/state 2>&1 >/dev/null; cat "$0" | head -1`
  const first = await outcome('one', {
    source: { script },
    ...{ runAsUser: 'nobody', runAsPassword: 'nobody needs it' },
  })
  const { output, executionState } = first
  assert.equal(executionState, 'Succeeded', JSON.stringify(first))
  assert.deepEqual(output.split('\n').slice(0, 2), ['nobody', '65534'])
  assert.match(output, /ls: cannot open directory '.*\/state': Permission denied\nid -un;/)

  assert.deepEqual(await outcome('two', { source: { script: 'id' }, runAsUser: 'nobody-at-all' }), {
    status: 'Succeeded',
    executionState: 'Failed',
    executionMessage: "There is no user 'nobody-at-all' in this machine.",
    ...{ exitCode: -1, output: '', error: '' },
  })
})

test('a script is fetched from where it is kept, and its signature is shown to nobody', async t => {
  const { startAgent, vm, finish, send } = await openAgentRig(t)
  startAgent()
  const asked: string[] = []
  const store = createServer((request, response) => {
    asked.push(request.url ?? '')
    if (request.url === '/scripts/here.sh') response.end('#!/bin/sh\necho "fetched $1"')
    else if (request.url !== '/scripts/moved.sh?sig=s3cret') response.writeHead(403).end()
    else response.writeHead(302, { location: '/scripts/here.sh' }).end()
  })
  await new Promise<void>(resolve => store.listen(0, '127.0.0.1', resolve))
  t.after(() => store.close())
  const origin = `http://127.0.0.1:${(store.address() as AddressInfo).port}`

  const path = `${vm}/runCommands/fetch`
  const wish = {
    source: { scriptUri: `${origin}/scripts/moved.sh?sig=s3cret` },
    parameters: [{ name: 'a', value: 'b' }],
  }
  assert.equal((await finish('PUT', path, command(wish))).status, 'Succeeded')
  const { body } = await send('GET', `${path}?$expand=instanceView`)
  assert.equal(body.properties.instanceView.output, 'fetched b\n')
  assert.deepEqual(body.properties.source, { scriptUri: `${origin}/scripts/moved.sh` })
  assert.deepEqual(asked, ['/scripts/moved.sh?sig=s3cret', '/scripts/here.sh'])

  // Tags run nothing; and whoever changes something does not have to bring the signature again.
  assert.equal((await send('PATCH', path, { tags: { a: 'b' } })).body.properties.provisioningState, 'Succeeded')
  assert.equal(asked.length, 2)
  assert.equal((await finish('PATCH', path, { properties: { timeoutInSeconds: 60 } })).status, 'Succeeded')
  assert.equal(asked.length, 4)
  // What is shown is what runs: another script does not leave the signed address behind it.
  const other = { properties: { source: { scriptUri: null, script: 'echo other' } } }
  assert.equal((await finish('PATCH', path, other)).status, 'Succeeded')
  const changed = (await send('GET', `${path}?$expand=instanceView`)).body.properties
  assert.deepEqual([changed.source, changed.instanceView.output], [{ script: 'echo other' }, 'other\n'])
  assert.equal(asked.length, 4)

  const refused = { source: { scriptUri: `${origin}/other?sig=s3cret` }, treatFailureAsDeploymentFailure: true }
  const { error } = await finish('PUT', `${vm}/runCommands/refused`, command(refused))
  assert.equal(error?.code, 'VMExtensionProvisioningError')
  assert.match(JSON.stringify(error), /could not be downloaded: http:\/\/127\.0\.0\.1:\d+\/other answers 403'/)
})

test('a command that nobody waits for has its outcome in the end, also after another has taken its place', async t => {
  const { startAgent, vm, finish, send, folder } = await openAgentRig(t)
  startAgent()
  const path = `${vm}/runCommands/later`
  const view = async () => (await send('GET', `${path}?$expand=instanceView`)).body.properties.instanceView
  const held = `while ! test -e "$PLACE/go"; do sleep 0.05; done; echo "$which"`
  const wish = (which: string) => ({
    ...{ source: { script: held }, asyncExecution: true },
    parameters: [{ name: 'which', value: which }],
  })
  assert.equal((await finish('PUT', path, command(wish('first')))).status, 'Succeeded')
  assert.deepEqual(await view(), { executionState: 'Running' })
  assert.equal((await finish('PUT', path, command(wish('second')))).status, 'Succeeded')
  assert.deepEqual(await view(), { executionState: 'Running' })
  await writeFile(`${folder}/go`, '')
  while ((await view()).executionState === 'Running') await new Promise(resolve => setImmediate(resolve))
  assert.equal((await view()).output, 'second\n')
})

test('what could not be carried out is refused, and leaves no resource', async t => {
  const { vm, send } = await openAgentRig(t)
  const script = 'id'
  const cases: [properties: object, target: string][] = [
    [{}, 'source.script'],
    [{ source: { script: ' ' } }, 'source.script'],
    [{ source: { script, scriptUri: 'https://a/b' } }, 'source'],
    [{ source: { scriptUri: 'file:///etc/shadow' } }, 'source.scriptUri'],
    [{ source: { scriptUri: 'https://' } }, 'source.scriptUri'],
    [{ source: { script, scriptUriManagedIdentity: {} } }, 'source.scriptUri'],
    [{ source: { commandId: 'NoSuch' } }, 'commandId'],
    [{ source: { script }, runAsPassword: 'x' }, 'runAsUser'],
    ...['-u', '', 'a:b', 'a/b', 'a\nb', 'a b'].map((runAsUser): [object, string] => [
      { source: { script }, runAsUser },
      'runAsUser',
    ]),
    [{ source: { script }, protectedParameters: [{ name: '', value: 'x' }] }, 'protectedParameters'],
    [{ source: { script }, outputBlobUri: 'https://a/b' }, 'outputBlobUri'],
  ]
  for (const [properties, target] of cases) {
    const { status, body } = await send('PUT', `${vm}/runCommands/bad`, command(properties))
    assert.deepEqual(
      [status, body.error.code, body.error.target],
      [400, 'InvalidParameter', target],
      JSON.stringify(properties),
    )
  }
  assert.equal((await send('GET', `${vm}/runCommands/bad`)).status, 404)
})

function notRoot(): string | false {
  return process.getuid?.() === 0 ? false : 'needs root, which an agent is'
}
