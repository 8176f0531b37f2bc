import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { chmod, copyFile, mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import '../deadline.ts'
import { newGroup, newMachine } from '../contract/arrange.ts'
import { lanesMissing, underLazuli, warmAzLane } from '../contract/az.ts'
import { shellInside } from '../contract/curl.ts'
import { startLazuli } from '../start.ts'

test('what az does to a machine happens to a Linux', { skip: lanesMissing }, async t => {
  const [lazuli, lane] = await Promise.all([startLazuli(t, { machines: 'sandbox' }), warmAzLane('trixie', t)])
  const { az, refusal } = underLazuli(lazuli, lane)
  const group = await newGroup(lazuli, 'real')
  const vm = '-g real -n linux'

  // The key pair is az's; lazuli ssh offers what it finds under this name.
  const { publicKey } = await az('sshkey create -g real -n key --encryption-type Ed25519')
  const [privateKey = ''] = (await readdir(join(lane.home, '.ssh'))).filter(file => !file.endsWith('.pub'))
  await mkdir(join(lazuli.directory, 'ssh'), { recursive: true, mode: 0o700 })
  const offered = join(lazuli.directory, 'ssh', 'id_ed25519')
  await copyFile(join(lane.home, '.ssh', privateKey), offered)
  // az lets everybody read the file, which ssh does not like.
  await chmod(offered, 0o600)
  await newMachine(lazuli, group, { name: 'linux', sshKey: publicKey })

  const inside = shellInside(lazuli, 'linux')
  const powerState = () => az(`vm get-instance-view ${vm} --query "instanceView.statuses[1].code"`)
  const seconds = String(randomInt(100_000_000, 999_999_999))
  /** The processes of the machine are processes of this host; one of them is easy to tell. */
  const isBusy = async () => (await commandLines()).some(line => line === `/usr/bin/sleep ${seconds}`)
  const beBusy = () => inside(`sudo systemd-run --quiet /usr/bin/sleep ${seconds}`)

  await t.test('one that runs is logged in to with the key', async () => {
    assert.equal((await inside('whoami; hostname')).trim(), 'azureuser\nvm')
    await inside('echo kept > kept; echo gone | sudo tee /run/gone')
    await beBusy()
    assert.deepEqual([await powerState(), await isBusy()], ['PowerState/running', true])
  })

  await t.test('az vm restart boots it anew', async () => {
    await az(`vm restart ${vm}`)
    assert.deepEqual([await powerState(), await isBusy()], ['PowerState/running', false])
    assert.equal((await inside('cat kept; ls /run/gone 2>&1 | grep -c "No such"')).trim(), 'kept\n1')
  })

  for (const [command, state] of [
    ['stop', 'stopped'],
    ['deallocate', 'deallocated'],
  ] as const) {
    await t.test(`az vm ${command} ends what runs in it, and az vm start brings it back with its files`, async () => {
      await beBusy()
      await az(`vm ${command} ${vm}`)
      assert.deepEqual([await powerState(), await isBusy()], [`PowerState/${state}`, false])
      const { exitCode, stderr } = await lazuli.command(['ssh', 'linux', '--', 'true'])
      assert.equal(exitCode, 1)
      assert.match(stderr, new RegExp(`linux is ${state}`))

      await az(`vm start ${vm}`)
      assert.equal(await powerState(), 'PowerState/running')
      assert.equal((await inside('cat kept')).trim(), 'kept')
    })
  }

  await t.test('one that powers itself off is seen to be stopped', async () => {
    await lazuli.command(['ssh', 'linux', '--', 'sudo', 'systemctl', 'poweroff'])
    for (const giveUpAt = Date.now() + 300_000; (await powerState()) !== 'PowerState/stopped'; await pause(200)) {
      assert.ok(Date.now() < giveUpAt, 'it still runs after five minutes')
    }
    assert.equal(await az(`vm show -d ${vm} --query powerState`), 'VM stopped')
  })

  await t.test('az vm delete leaves nothing of it', async () => {
    await az(`vm start ${vm}`)
    await beBusy()
    await az(`vm delete ${vm} --yes`)
    assert.equal((await refusal(`vm show ${vm}`)).exitCode, 3)
    assert.equal(await isBusy(), false)
    assert.equal((await lazuli.command(['ssh', 'linux', '--', 'true'])).exitCode, 3)
  })
})

async function commandLines(): Promise<string[]> {
  const pids = (await readdir('/proc')).filter(name => /^\d+$/.test(name))
  // A process may end while we look.
  const read = await Promise.allSettled(pids.map(pid => readFile(`/proc/${pid}/cmdline`, 'utf8')))
  return read.flatMap(one => (one.status === 'fulfilled' ? [one.value.split('\0').join(' ').trim()] : []))
}
