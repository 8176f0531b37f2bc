/** Packages as others make them: in the layout of Microsoft's, in Python and in shell, well behaved and not. */

import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { test } from 'node:test'
import { type HandlerWish, handlerPackage } from '../../../../test/handler-package.ts'
import { zip } from '../../extensions/write-zip.ts'
import { openAgentRig } from './testing-agent.ts'

const named = (type: string, more: object = {}) => ({
  ...{ publisher: 'Contoso.Tools', type, typeHandlerVersion: '1.0' },
  ...more,
})

/** Takes whatever Python there is, as shims of such packages do; its arguments are `-c PROGRAM ARGUMENT…`. */
const shim = `#!/usr/bin/env bash
set -e
[ "$1" = "-c" ]
for python in python python3; do
  if command -v "$python" > /dev/null 2>&1; then exec "$python" "$2" "\${@:3}"; fi
done
exit 51
`

const program = `#!/usr/bin/env python3
import base64, json, os, subprocess, sys, time
from Utils.handler import Handler

handler = Handler()
if sys.argv[1] != '-enable':
    handler.log(sys.argv[1])
    sys.exit(0)
if handler.is_done():
    handler.log('already')
    sys.exit(0)
handler.log('enable')
handler.begin()
handler.report('success', '0', 'said by ' + handler.public['who'] + ' and ' + handler.secret()['whisper'])
`

const library = `import base64, json, os, subprocess, time

class Handler:
    def __init__(self):
        with open('./HandlerEnvironment.json') as file:
            environment = json.load(file)[0]
        self.name = environment['name']
        self.folders = environment['handlerEnvironment']
        self.number = os.environ.get('ConfigSequenceNumber')

    def log(self, text):
        with open(os.path.join(self.folders['logFolder'], 'extension.log'), 'a') as file:
            file.write(text + '\\n')

    def is_done(self):
        return os.path.exists('mrseq') and int(open('mrseq').read()) >= int(self.number)

    def begin(self):
        with open('mrseq', 'w') as file:
            file.write(self.number)
        with open(os.path.join(self.folders['configFolder'], self.number + '.settings')) as file:
            self.settings = json.load(file)['runtimeSettings'][0]['handlerSettings']
        self.public = self.settings['publicSettings']

    def secret(self):
        key = os.path.join(os.path.dirname(os.getcwd()), self.settings['protectedSettingsCertThumbprint'])
        sealed = base64.standard_b64decode(self.settings['protectedSettings'])
        command = ['openssl', 'cms', '-inform', 'DER', '-decrypt', '-recip', key + '.crt', '-inkey', key + '.prv']
        return json.loads(subprocess.run(command, input=sealed, stdout=subprocess.PIPE, check=True).stdout)

    def report(self, status, code, message):
        path = os.path.join(self.folders['statusFolder'], self.number + '.status')
        words = {'lang': 'en-US', 'message': message}
        status = {'name': self.name, 'operation': 'Enable', 'status': status, 'code': code, 'formattedMessage': words}
        now = time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())
        with open(path + '.tmp', 'w') as file:
            json.dump([{'version': '1.0', 'timestampUTC': now, 'status': status}], file)
        os.rename(path + '.tmp', path)
`

/** Files without modes, as archives made on Windows have them. */
const pythonPackage = () => {
  const handlerManifest = {
    installCommand: 'extension_noop.sh',
    uninstallCommand: 'extension_noop.sh',
    updateCommand: 'extension_noop.sh',
    enableCommand: 'extension_shim.sh -c ./access.py  -enable',
    disableCommand: 'extension_noop.sh',
    ...{ rebootAfterInstall: 'false', reportHeartbeat: 'False', continueOnUpdateFailure: 'TRUE' },
  }
  return zip([
    { path: 'HandlerManifest.json', content: `\uFEFF${JSON.stringify([{ version: '1.0.1', handlerManifest }])}` },
    { path: 'extension_noop.sh', content: '#!/usr/bin/env sh\nexit 0\n' },
    { path: 'extension_shim.sh', content: shim },
    { path: 'access.py', content: program },
    { path: 'Utils/__init__.py', content: '' },
    { path: 'Utils/handler.py', content: library },
  ])
}

test('a package in Python behind a shim reads its settings and secrets, reports, and is not run twice', async t => {
  const { startAgent, publish, apply, read, send, vm } = await openAgentRig(t)
  const stop = startAgent()
  await publish('Contoso.Tools.Python__1.0.1.zip', pythonPackage())
  const wish = { settings: { who: 'ann' }, protectedSettings: { whisper: 'bob' } }
  const { status, error } = await apply('python', named('Python', wish))
  assert.equal(status, 'Succeeded', JSON.stringify(error))
  const statuses = async () =>
    (await send('GET', `${vm}/extensions/python?$expand=instanceView`)).body.properties.instanceView.statuses
  const [{ time: _time, ...said }] = await statuses()
  assert.deepEqual(said, {
    code: 'ProvisioningState/succeeded',
    level: 'Info',
    displayStatus: 'Provisioning succeeded',
    message: 'said by ann and bob',
  })

  await stop()
  const log = 'log/Contoso.Tools.Python/extension.log'
  startAgent()
  while ((await read(log)) !== 'enable\nalready\n') await new Promise(resolve => setTimeout(resolve, 10))
  assert.equal((await statuses())[0].message, 'said by ann and bob')
})

test('a daemon is transitioning until it says otherwise, and goes on to say how it is', async t => {
  const { startAgent, publish, put, send, vm, folder, lazuli } = await openAgentRig(t)
  startAgent()
  const daemon = `
beat() { echo "[{\\"version\\":1.0,\\"heartbeat\\":{\\"status\\":\\"$1\\",\\"code\\":$2,\\"message\\":\\"$3\\"}}]" > heartbeat.log; }
beat ready 0 fine
status transitioning 0 "reading the world"
(
  until [ -e "$PLACE/done" ]; do sleep 0.02; done; status success 0 "all read"
  until [ -e "$PLACE/ill" ]; do sleep 0.02; done; beat notready 17 "the world is gone"
) > /dev/null 2>&1 &`
  const manifest = { reportHeartbeat: true }
  await publish('Contoso.Tools.Daemon__1.0.zip', handlerPackage({ enable: daemon, manifest }))
  const put1 = await put('daemon', named('Daemon'))
  const path = `${vm}/extensions/daemon?$expand=instanceView`
  const until = async <T>(look: () => Promise<T>, isIt: (seen: T) => boolean): Promise<T> => {
    for (;;) {
      const seen = await look()
      if (isIt(seen)) return seen
      await new Promise(resolve => setTimeout(resolve, 10))
    }
  }
  const touch = (name: string) => writeFile(`${folder}/${name}`, '')
  const view = async () => (await send('GET', path)).body.properties
  const under = await until(view, ({ instanceView }) => instanceView?.statuses?.[0]?.message === 'reading the world')
  assert.equal(under.provisioningState, 'Creating')
  assert.equal(under.instanceView.statuses[0].code, 'ProvisioningState/transitioning')
  const poll = String(put1.headers.get('azure-asyncoperation'))
  const operation = async () => (await lazuli.request('GET', poll, { token: await lazuli.adminToken() })).json()
  assert.equal(((await operation()) as { status: string }).status, 'InProgress')

  await touch('done')
  const after = await until(view, ({ provisioningState }) => provisioningState !== 'Creating')
  assert.equal(after.provisioningState, 'Succeeded')
  const handler = async () =>
    (await send('GET', `${vm}?$expand=instanceView`)).body.properties.instanceView.vmAgent.extensionHandlers[0]
  assert.equal((await handler()).status.displayStatus, 'Ready')
  await touch('ill')
  const { status } = await until(handler, ({ status }) => status.displayStatus !== 'Ready')
  assert.deepEqual(status, {
    code: 'ProvisioningState/failed',
    level: 'Error',
    displayStatus: 'Not Ready',
    message: 'the world is gone',
  })
  // What was applied stays applied.
  assert.equal((await view()).provisioningState, 'Succeeded')
})

const huge = `node=$(printf 'x%.0s' $(seq 1 1000)); sub=""
for i in $(seq 1 150); do sub="$sub,{\\"name\\":\\"s$i\\",\\"status\\":\\"success\\",\\"code\\":0,\\"formattedMessage\\":{\\"lang\\":\\"en\\",\\"message\\":\\"$node\\"}}"; done
echo "[{\\"version\\":\\"1.0\\",\\"timestampUTC\\":\\"2026-01-02T03:04:05Z\\",\\"status\\":{\\"name\\":\\"n\\",\\"operation\\":\\"o\\",\\"status\\":\\"success\\",\\"code\\":0,\\"formattedMessage\\":{\\"lang\\":\\"en\\",\\"message\\":\\"$node$node\\"},\\"substatus\\":[\${sub#,}]}}]" > "status/$seq.status"`

const raw = (text: string) => `printf '%s' '${text}' > "status/$seq.status"`

type Case = readonly [type: string, wish: HandlerWish, code: number, message: RegExp]

/** Whose status it is that cannot be used, and whose command it is that failed, by the numbers of Azure's agent. */
const misbehaving: readonly Case[] = [
  ['NoJson', { enable: raw('{"version":') }, 1012, /cannot be used/],
  ['NoList', { enable: raw('{"a":1}') }, 1012, /it is not a list/],
  ['Binary', { enable: 'head -c 5000 /dev/urandom > "status/$seq.status"' }, 1012, /cannot be used/],
  ['NoInstall', { install: 'echo no room >&2; exit 52' }, 1007, /Non-zero exit code: 52, .*install\.sh\n.*no room/s],
  ['Killed', { enable: 'kill -9 $$' }, 1009, /enable\.sh/],
  ['Hangs', { install: 'sleep 7657' }, 1011, /Timeout\(0\.5\): /],
  ['NoCommand', { manifest: { enableCommand: 'nowhere.sh' } }, 1009, /Non-zero exit code: 127/],
]

test('a package that misbehaves gets the code of Azure’s agent, and takes nobody along', async t => {
  const { startAgent, publish, apply, send, vm } = await openAgentRig(t)
  startAgent({ limits: { install: 0.5 } })
  for (const [type, wish, code, message] of misbehaving) {
    await publish(`Contoso.Tools.${type}__1.0.zip`, handlerPackage(wish))
    const { status, error } = await apply(type, named(type))
    const expected = code === 1012 ? 'VMExtensionProvisioningError' : 'VMExtensionHandlerNonTransientError'
    assert.deepEqual([status, error?.code], ['Failed', expected], type)
    assert.match(error?.message ?? '', message, type)
    const { instanceView } = (await send('GET', `${vm}/extensions/${type}?$expand=instanceView`)).body.properties
    assert.deepEqual(
      instanceView.statuses.map(({ code }: { code: string }) => code),
      [`ProvisioningState/failed/${code}`],
      type,
    )
  }
  await publish('Contoso.Tools.Good__1.0.zip', handlerPackage({ enable: 'status success 0 done' }))
  assert.equal((await apply('Good', named('Good'))).status, 'Succeeded')
})

test('a huge status is cut to what a report can carry', async t => {
  const { startAgent, publish, apply, send, vm, read } = await openAgentRig(t)
  startAgent()
  await publish('Contoso.Tools.Huge__1.0.zip', handlerPackage({ enable: huge }))
  assert.equal((await apply('huge', named('Huge'))).status, 'Succeeded')
  assert.ok((await read('lib/Contoso.Tools.Huge-1.0/status/0.status')).length > 128 * 1024)
  const { instanceView } = (await send('GET', `${vm}/extensions/huge?$expand=instanceView`)).body.properties
  assert.equal(instanceView.statuses[0].message, 'x'.repeat(1024))
  assert.equal(instanceView.substatuses.length, 100)
})

test('an output without end fills neither the report nor the memory, and is in the log to its last lines', async t => {
  const { startAgent, publish, apply, read } = await openAgentRig(t)
  startAgent()
  const enable = 'head -c 30000000 /dev/zero | tr "\\0" y; echo; echo the end; exit 9'
  await publish('Contoso.Tools.Loud__1.0.zip', handlerPackage({ enable }))
  const { error } = await apply('loud', named('Loud'))
  assert.ok((error?.message?.length ?? 0) < 4_000)
  assert.match(await read('log/Contoso.Tools.Loud/CommandExecution.log'), /y\nthe end\n/)
})
