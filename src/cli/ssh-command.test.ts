import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { temporaryDirectory } from '../server/store/testing.ts'
import { ownSshKey, sshCommand } from './ssh-command.ts'

const machine = {
  name: 'web1',
  id: '/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/web1',
  vmId: '242f748d-e2be-4145-b007-df340889b59e',
  provisioningState: 'Succeeded',
  powerState: 'running',
  address: '10.64.0.4',
  username: 'azureuser',
  hostKeys: [{ type: 'ssh-ed25519', publicKey: 'ssh-ed25519 AAAA', fingerprint: 'SHA256:x' }],
}

/** What the system's own ssh makes of a command line: `-G` prints the settings and connects to nothing. */
function understood([ssh = '', ...args]: readonly string[]): Map<string, string> {
  const lines = execFileSync(ssh, ['-G', ...args], { encoding: 'utf8' })
    .trim()
    .split('\n')
  return new Map(lines.map(line => [line.split(' ')[0] ?? '', line.split(' ').slice(1).join(' ')]))
}

test('ssh is given the reported host keys, and trusts nothing else', async t => {
  const directory = join(temporaryDirectory(t), 'with blanks and 100%')
  mkdirSync(directory)
  const argv = await sshCommand({ directory, machine, command: [] })
  const settings = understood(argv)
  assert.equal(settings.get('hostname'), '10.64.0.4')
  assert.equal(settings.get('user'), 'azureuser')
  assert.equal(settings.get('stricthostkeychecking'), 'true')
  assert.equal(settings.get('globalknownhostsfile'), '/dev/null')
  assert.equal(settings.get('hostkeyalias'), machine.vmId)
  assert.equal(settings.get('updatehostkeys'), 'false')
  const knownHosts = join(directory, 'ssh', `known_hosts-${machine.vmId}`)
  assert.equal(settings.get('userknownhostsfile')?.replaceAll('%%', '%'), knownHosts)
  assert.equal(readFileSync(knownHosts, 'utf8'), `${machine.vmId} ssh-ed25519 AAAA\n`)
})

test('our own key is tried first, a user can be named, and a command follows the address', async t => {
  const directory = temporaryDirectory(t)
  mkdirSync(join(directory, 'ssh'))
  writeFileSync(ownSshKey(directory), '')
  const argv = await sshCommand({ directory, machine, user: 'ops', command: ['uptime', '-p'] })
  assert.deepEqual(argv.slice(-4), ['--', '10.64.0.4', 'uptime', '-p'])
  const settings = understood(argv.slice(0, -2))
  assert.equal(settings.get('user'), 'ops')
  assert.ok(argv.indexOf(`IdentityFile="${ownSshKey(directory)}"`) > 0)
})

test('a machine that is not ready yet, is only recorded, or does not run, is refused with what to do', async () => {
  const wish = { directory: '/nowhere', command: [] }
  const unfinished = { ...machine, provisioningState: 'Creating', address: '', hostKeys: [] }
  await assert.rejects(sshCommand({ ...wish, machine: unfinished }), {
    message: 'web1 is still being made.',
    next: [`Wait for it: lazuli exec -- az vm wait --created --ids ${machine.id}`],
  })
  await assert.rejects(sshCommand({ ...wish, machine: { ...machine, address: '' } }), {
    exitCode: 1,
    next: ['What is missing on this host: lazuli doctor'],
  })
  await assert.rejects(sshCommand({ ...wish, machine: { ...machine, powerState: 'deallocated' } }), {
    message: 'web1 is deallocated.',
    next: [`Start it: lazuli exec -- az vm start --ids ${machine.id}`],
  })
})
