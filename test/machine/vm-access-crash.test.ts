import assert from 'node:assert/strict'
import { chmod, cp, mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import '../deadline.ts'
import { packageExtension } from '../../package-extensions.ts'
import { limits } from './rig.ts'
import { handler, openVmAccess, type Settings, stateFolder, succeeded, type VmAccess } from './vm-access-rig.ts'

const patient = { ...limits, timeout: 900_000 }

/** All that a run may change, with nothing that changes by itself. sshd -T needs a folder that is there while sshd runs. */
const stateScript = `cd /etc
for attempt in $(seq 100); do systemctl is-active -q ssh && break; sleep 0.1; done
for file in passwd group subuid subgid; do echo "== $file"; sort $file; done
echo "== shadow"; sort shadow gshadow
for file in sudoers sudoers.d/* ssh/sshd_config ssh/sshd_config.d/*; do echo "== $file"; stat -c %a:%u:%g $file; cat $file; done
stat -c %n:%a ssh/ssh_host_*
cd /home; find . ! -path './*/.cache*' -printf '%p %m %u %g\\n' | sort; cat */.ssh/authorized_keys
sshd -T | grep -E '^(port|passwordauthentication|allowusers)' || { journalctl -n 40 --no-pager >&2; false; }`

/**
 * Where all of that is. Put back from an archive, it costs a tenth of what the extension would take for it. A restart
 * returns when sshd listens again, which a reload does not; without the reset, systemd refuses too many of them.
 */
const changing =
  'etc/passwd etc/shadow etc/group etc/gshadow etc/subuid etc/subgid etc/sudoers etc/sudoers.d etc/ssh home'
const restartSsh = 'systemctl reset-failed ssh; systemctl restart ssh'
const beginAgain = `cd /; rm -rf etc/sudoers.d etc/ssh/sshd_config.d home/*; tar -xpf /root/begin.tar; ${restartSsh}`

type Scenario = {
  readonly name: string
  readonly settings: Settings
  /** Brings a new machine to where the scenario begins. */
  prepare(vm: VmAccess): Promise<void>
  /** Asserts that the wish is fulfilled, and that somebody can sign in. */
  check(vm: VmAccess): Promise<void>
}

const password = 'Correct-horse-1'
const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJeenLQi6sE7VsdIIHe4i7AMmXZCLS3F/j8bOSokbAUD bob'

const scenarios: readonly Scenario[] = [
  {
    name: 'a user is made with a password and a key',
    settings: { username: 'bob', password, ssh_key: key, expiration: '2040-02-29' },
    async prepare(vm) {
      succeeded(await vm.enable({ remove_user: 'bob' }))
    },
    async check(vm) {
      assert.equal(await vm.ssh('id -un', { user: 'bob', password }), 'bob')
      const found = await vm.sh('cat /home/bob/.ssh/authorized_keys; echo; sudo -n -l -U bob | tail -1')
      assert.deepEqual(found.split(/\n\s*/).filter(Boolean), [key, '(ALL) ALL'])
    },
  },
  {
    name: 'a user is removed, and another gets a key instead of all others',
    settings: { remove_user: 'alice', username: 'carol', ssh_key: key, remove_prior_keys: true },
    async prepare(vm) {
      succeeded(await vm.enable({ username: 'alice', password }))
      await vm.sh('usermod -aG adm,users alice; touch /home/alice/file')
      const former = key.replace('AAAAIJee', 'AAAAIJef')
      succeeded(await vm.enable({ username: 'carol', ssh_key: former, remove_prior_keys: true }))
      await vm.sh('chage -E 2001-01-01 -d 0 carol; chmod 755 /home/carol/.ssh')
    },
    async check(vm) {
      assert.equal(await vm.ssh('id alice || id -un', { user: 'azureuser' }), 'azureuser')
      assert.equal(await vm.sh('ls -A /home | tr "\\n" " "'), 'azureuser carol')
      assert.equal(await vm.sh('cat /home/carol/.ssh/authorized_keys'), key)
    },
  },
  {
    name: 'sshd is reset, and a password is set',
    settings: { reset_ssh: true, username: 'azureuser', password, enable_passwordless_access: true },
    async prepare(vm) {
      await vm.sh(`cat > /etc/ssh/sshd_config <<'END'
Include /etc/ssh/sshd_config.d/*.conf
PermitRootLogin no
UsePAM yes
END
chmod 600 /etc/ssh/sshd_config; chmod 644 /etc/ssh/ssh_host_ecdsa_key; echo 'AllowUsers azureuser' > /etc/ssh/sshd_config.d/10-hardening.conf
rm -f /etc/ssh/sshd_config.d/00-*; printf 'azureuser ALL=(ALL) ALL\\n' > /etc/sudoers.d/waagent; ${restartSsh}`)
    },
    async check(vm) {
      assert.equal(await vm.ssh('sudo -n id -un', { user: 'azureuser', password }), 'root')
      assert.equal(await vm.sh('ls /etc/ssh/sshd_config.d | tr "\\n" " "'), '00-lazuli-vm-access.conf 50-lazuli.conf')
    },
  },
]

for (const scenario of scenarios) {
  test(`killed at any moment, the next run undoes or completes: ${scenario.name}`, patient, async t => {
    const vm = await openVmAccess(t)
    const program = await installKilled(vm)
    await scenario.prepare(vm)
    const before = await vm.sh(`tar -C / -cpf /root/begin.tar ${changing}; ${stateScript}`)
    let killed = 0
    for (let at = 0, went = 'killed'; went === 'killed'; at++) {
      for (const side of ['before', 'after']) {
        await vm.sh(beginAgain)
        const sequence = await vm.write(scenario.settings)
        const settings = await readFile(vm.path(`${handler}/config/${sequence}.settings`))
        const { exitCode } = await vm.call(`${side}-${at}`, sequence, program)
        if (exitCode === 0) {
          went = 'through'
          break
        }
        killed += 1
        const moment = `killed ${side} write ${at}`
        assert.equal(exitCode, 137, moment)
        await wholesome(vm, moment)

        const journal = await readFile(vm.path(`${stateFolder}/journal.json`), 'utf8').catch(() => 'none was begun')
        const isThrough = journal.includes(`"sequence":${sequence},`) && /"phase":"(changed|finished)"/.test(journal)
        assert.equal((await vm.call('uninstall', sequence)).exitCode, 0, moment)
        if (!isThrough) assert.equal(await vm.sh(stateScript), before, moment)

        // As the agent does before each call.
        await writeFile(vm.path(`${handler}/config/${sequence}.settings`), settings)
        const again = await vm.call('enable', sequence)
        const status = await vm.status(sequence)
        succeeded({ exitCode: again.exitCode, output: again.stdout + again.stderr, status })
        await valid(vm, moment)
        await scenario.check(vm)
        assert.equal(await readFile(vm.path(`${handler}/mrseq`), 'utf8'), String(sequence))
      }
    }
    assert.ok(killed >= 12, `${killed} moments`)
  })
}

/** sshd runs and its configuration is valid, so are sudo's and the accounts, and the administrator can sign in. */
async function wholesome(vm: VmAccess, moment: string): Promise<void> {
  await valid(vm, moment)
  assert.equal(await vm.ssh('id -un', { user: 'azureuser' }), 'azureuser', moment)
}

async function valid(vm: VmAccess, moment: string): Promise<void> {
  const checks =
    'systemctl is-active ssh && sshd -t && visudo -c -q && pwck -q -r && grpck -r && test ! -e /etc/passwd.lock'
  const { exitCode, stdout, stderr } = await vm.exec(['sh', '-c', checks])
  assert.equal(exitCode, 0, `${moment}: ${stdout} ${stderr}`)
}

/** Puts the program that can be killed beside the package's own. */
async function installKilled(vm: VmAccess): Promise<string> {
  const built = await mkdtemp(join(vm.at.folder, 'killed-'))
  await packageExtension('vm-access', built, join(import.meta.dirname, 'vm-access-killed.ts'))
  await cp(join(built, 'vm-access.mjs'), vm.path(`${handler}/killed.mjs`))
  const launcher = vm.path(`${handler}/bin/killed`)
  await cp(join(built, 'bin', 'vm-access'), launcher)
  await chmod(launcher, 0o755)
  return `${handler}/bin/killed`
}
