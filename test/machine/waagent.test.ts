import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import '../deadline.ts'
import { limits, ssh } from './rig.ts'
import { openAzureMachine, standalonePackage } from './waagent-rig.ts'
import type { HandlerStatus, Plugin } from './wire-server.ts'

const vmAccess = 'Microsoft.OSTCExtensions.VMAccessForLinux'
const managedIdentity = 'Microsoft.ManagedIdentity.ManagedIdentityExtensionForLinux'

/** Packages are made, and an image with the agent in it is built, when they are missing. */
const patient = { ...limits, timeout: 300_000 }

test('Azure’s guest agent runs our extensions in a machine without Node', patient, async t => {
  const [access, identity] = await Promise.all(['vm-access', 'managed-identity'].map(standalonePackage))
  assert.ok(access && identity)
  const { at, facts, wire, sh } = await openAzureMachine(t)
  await promisify(execFile)('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(at.folder, 'ann')])
  const key = await readFile(join(at.folder, 'ann.pub'), 'utf8')
  const asAnn = (command: string, password?: string) =>
    ssh(at, facts, command, { user: 'ann', ...(password ? { password } : { identity: join(at.folder, 'ann') }) })

  let wanted: Plugin[] = []
  /** What the agent says of a handler once it has a status of these settings that is final. */
  const outcomeOf = async ({ handler, version, sequence }: Plugin) => {
    const final = (one: HandlerStatus) =>
      one.handlerName === handler &&
      one.handlerVersion === version &&
      one.runtimeSettingsStatus?.sequenceNumber === sequence &&
      one.runtimeSettingsStatus.settingsStatus.status.status !== 'transitioning'
    const { aggregateStatus } = await wire.reported(report => report.aggregateStatus.handlerAggregateStatus.some(final))
    const { status: ready, runtimeSettingsStatus } = aggregateStatus.handlerAggregateStatus.find(final) ?? assert.fail()
    const { status, formattedMessage } = runtimeSettingsStatus?.settingsStatus.status ?? assert.fail(ready)
    return [ready, status, formattedMessage.message]
  }
  const apply = async (plugin: Plugin) => {
    wanted = [...wanted.filter(one => one.handler !== plugin.handler), plugin]
    wire.want(wanted)
    return outcomeOf(plugin)
  }
  const withAccess = (sequence: number, protectedSettings: object): Plugin => ({
    ...{ handler: vmAccess, version: '1.5.26', archive: access, state: 'enabled', sequence },
    ...{ publicSettings: {}, protectedSettings },
  })

  await t.test('an administrator is made with a key that only this machine could read', async () => {
    const outcome = await apply(withAccess(0, { username: 'ann', ssh_key: key }))
    assert.deepEqual(outcome, ['Ready', 'success', 'Enable succeeded.'])
    assert.equal(await asAnn('sudo -n id -un'), 'root')
    assert.equal(await sh('command -v node || find / -xdev -name "*.mjs" -path "*OSTC*"'), '')
  })

  await t.test('the agent’s later calls with the same settings change nothing', async () => {
    await sh('rm /home/ann/.ssh/authorized_keys')
    await apply({
      ...{ handler: managedIdentity, version: '1.0.0', archive: identity, state: 'enabled', sequence: 0 },
      publicSettings: { port: 50342 },
    })
    assert.equal(await sh('ls /home/ann/.ssh'), '')
    assert.match(await sh(`cat /var/log/azure/${vmAccess}/extension.log`), /Settings 0 have been applied already/)
  })

  await t.test('the endpoint for tokens answers, as a program without rights', async () => {
    assert.deepEqual(wanted.map(({ handler }) => handler).sort(), [managedIdentity, vmAccess])
    assert.equal(await sh(`curl -s -o /dev/null -w '%{http_code}' http://localhost:50342/`), '401')
    const status = await sh('cat /proc/$(systemctl show -P MainPID lazuli-managed-identity)/status')
    assert.notEqual(/^Uid:\s+(\d+)/m.exec(status)?.[1], '0')
  })

  await t.test('what is removed is gone, and what is refused an error in the report', async () => {
    wanted = wanted.map(plugin => (plugin.handler === managedIdentity ? { ...plugin, state: 'uninstall' } : plugin))
    const outcome = await apply(withAccess(1, { username: 'daemon', password: 'Correct-horse-1' }))
    assert.deepEqual(outcome.slice(0, 2), ['NotReady', 'error'])
    assert.match(outcome[2] ?? '', /^Enable failed: .*Failed to set password for system user: daemon \(0x06\)/)
    const folders = 'ls -d /opt/lazuli/* /var/lib/waagent/Microsoft.ManagedIdentity*/ 2>/dev/null || true'
    assert.equal(await sh(`ss -Hltn "sport = :50342"; ${folders}`), '')
  })

  await t.test('a password opens the machine, and is nowhere to be read', async () => {
    wanted = []
    const outcome = await apply(withAccess(2, { username: 'ann', password: 'Correct-horse-2' }))
    assert.deepEqual(outcome, ['Ready', 'success', 'Enable succeeded.'])
    assert.equal(await asAnn('id -un', 'Correct-horse-2'), 'ann')
    assert.equal(await sh('grep -rl "Correct-horse" /var/lib/waagent /var/lib/lazuli /var/log || true'), '')
  })

  await t.test('a newer version takes over without doing again what the older one did', async () => {
    await sh('passwd -d ann')
    const outcome = await apply({ ...withAccess(2, { username: 'ann', password: 'other' }), version: '1.5.27' })
    assert.deepEqual(outcome, ['Ready', 'success', 'Enable succeeded.'])
    assert.equal(await sh('getent shadow ann | cut -d: -f2'), '')
    assert.equal(await sh(`ls -d /var/lib/waagent/${vmAccess}-*`), `/var/lib/waagent/${vmAccess}-1.5.27`)
  })

  await t.test(
    'nothing was asked for that this test does not know, and administrators outlive the extension',
    async () => {
      wire.want(wanted.map(plugin => ({ ...plugin, state: 'uninstall' })))
      await wire.reported(({ aggregateStatus }) => aggregateStatus.handlerAggregateStatus.length === 0)
      assert.equal(await sh('getent passwd ann | cut -d: -f1'), 'ann')
      assert.deepEqual(wire.unknown, [])
    },
  )
})
