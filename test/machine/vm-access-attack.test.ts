import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cp, mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { packageExtension } from '../../package-extensions.ts'
import { hostileSettings } from '../../src/extensions/vm-access/testing-hostile-settings.ts'
import { machinePlace, site } from '../../src/server/machines/sandbox/site.ts'
import '../deadline.ts'
import { limits } from './rig.ts'
import { handler, openVmAccess, refused, type Status, succeeded, type VmAccess } from './vm-access-rig.ts'

const execute = promisify(execFile)
const patient = { ...limits, timeout: 900_000 }
const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJeenLQi6sE7VsdIIHe4i7AMmXZCLS3F/j8bOSokbAUD mallory'
const node = '/usr/lib/lazuli/node'
/** Every change of a process's rights is made in each of its threads, and these are most of what a round costs. */
const fewThreads = `${node} --v8-pool-size=0`

/** Everything of the system but what a run may write anyway, and what changes by itself. */
const systemState = `find / -xdev \\( -path /proc -o -path /sys -o -path /run -o -path /tmp -o -path /var/log -o -path /var/lib/systemd \
-o -path /var/lib/waagent -o -path /var/lib/lazuli -o -path /home/mallory -o -path /dev \\) -prune -o -type f -newer /stamp -print \
-o -cnewer /stamp ! -type f -print | sort`

/** The machine with mallory, who has a home, and a victim, who has a key. */
async function openAttacked(t: Parameters<typeof openVmAccess>[0]): Promise<VmAccess> {
  const vm = await openVmAccess(t)
  await vm.sh(`for user in mallory victim; do useradd -m -s /bin/bash $user; done
    install -d -m 700 -o victim -g victim /home/victim/.ssh
    echo 'the key of the victim' > /home/victim/.ssh/authorized_keys
    chown victim:victim /home/victim/.ssh/authorized_keys; chmod 600 /home/victim/.ssh/authorized_keys`)
  return vm
}

test('a user who swaps what is in the way of 10,000 writes gains nothing', patient, async t => {
  const vm = await openAttacked(t)
  const built = await mkdtemp(join(vm.at.folder, 'raced-'))
  await packageExtension('vm-access', built, join(import.meta.dirname, 'vm-access-raced.ts'))
  await cp(join(built, 'vm-access.mjs'), vm.path('/root/raced.mjs'))
  await cp(join(import.meta.dirname, 'vm-access-attacker.mjs'), vm.path('/usr/local/lib/attacker.mjs'))
  await vm.sh('chmod 644 /usr/local/lib/attacker.mjs; touch /stamp; sleep 0.1; touch /stamp; sleep 0.1')
  const victims = '/etc/passwd /etc/shadow /etc/sudoers /root/.bashrc /home/victim/.ssh/authorized_keys'
  const before = await vm.sh(
    `sha256sum ${victims}; stat -c %a:%U:%n ${victims} /etc /root /home/victim /home/victim/.ssh`,
  )

  await vm.sh(`for i in 1 2; do setpriv --reuid mallory --regid mallory --clear-groups \
    setsid ${fewThreads} /usr/local/lib/attacker.mjs /home/mallory </dev/null >/tmp/attacker.log 2>&1 & done`)
  const { exitCode, stdout, stderr } = await vm.exec(
    [...fewThreads.split(' '), '/root/raced.mjs', 'mallory', '10000'],
    {
      timeoutMs: 600_000,
    },
  )
  assert.equal(exitCode, 0, stderr)
  assert.equal(await vm.sh('pgrep -u mallory -c -f attacker.mjs'), '2', await vm.sh('cat /tmp/attacker.log'))
  await vm.sh('pkill -KILL -u mallory')

  const count: { done: number; refused: number } = JSON.parse(stdout)
  t.diagnostic(`${count.done} done, ${count.refused} refused`)
  assert.ok(count.done > 100 && count.refused > 100, stdout)
  assert.equal(
    await vm.sh(`sha256sum ${victims}; stat -c %a:%U:%n ${victims} /etc /root /home/victim /home/victim/.ssh`),
    before,
  )
  assert.equal(await vm.sh(systemState), '')
  // And what was written at home is hers: root has left nothing there.
  assert.equal(await vm.sh('find /home/mallory -user root'), '')
})

type Trap = {
  readonly what: string
  /** Done by mallory, unless it says otherwise. */
  readonly set: string
  readonly byRoot?: string
  readonly unset?: string
  readonly expected: RegExp | 'done'
}
const asMallory = (script: string) =>
  `cd /home/mallory; setpriv --reuid mallory --regid mallory --clear-groups sh -c '${script}'`

const traps: readonly Trap[] = [
  { what: '.ssh is a link to another folder', set: 'ln -s /root .ssh', expected: /\.ssh is a symlink/ },
  { what: '.ssh is a link to her own folder', set: 'mkdir real; ln -s real .ssh', expected: /\.ssh is a symlink/ },
  { what: '.ssh is a file', set: 'touch .ssh', expected: /\.ssh is not what it should be/ },
  {
    what: 'the file is a link',
    set: 'mkdir .ssh; ln -s /etc/shadow .ssh/authorized_keys',
    expected: /authorized_keys is a symlink/,
  },
  {
    what: 'the file is a link to nothing',
    set: 'mkdir .ssh; ln -s /etc/new .ssh/authorized_keys',
    expected: /authorized_keys is a symlink/,
  },
  { what: 'the file is a pipe', set: 'mkdir .ssh; mkfifo .ssh/authorized_keys', expected: /not a regular file/ },
  { what: 'the file is a folder', set: 'mkdir -p .ssh/authorized_keys/x', expected: /not a regular file/ },
  {
    what: 'the file is a socket',
    set: `mkdir .ssh; ${node} -e "require(\\"net\\").createServer().listen(\\".ssh/authorized_keys\\", () => process.kill(process.pid, \\"SIGKILL\\"))"; true`,
    expected: /not what it should be/,
  },
  {
    what: 'the file has a second name',
    set: 'echo precious > other; mkdir .ssh; ln other .ssh/authorized_keys',
    expected: 'done',
  },
  {
    what: "the file is somebody else's",
    set: 'mkdir .ssh',
    byRoot: 'install -o victim -m 644 /dev/null .ssh/authorized_keys',
    expected: /not owned by mallory or root/,
  },
  {
    what: "the file is root's",
    set: 'mkdir .ssh',
    byRoot: 'echo "# by root" > .ssh/authorized_keys',
    expected: 'done',
  },
  {
    what: "the folder is root's",
    set: 'true',
    byRoot: 'install -d -m 755 .ssh',
    expected: /\.ssh is not owned by mallory/,
  },
  {
    what: "the home is root's",
    set: 'true',
    byRoot: 'chown root /home/mallory',
    unset: 'chown mallory /home/mallory',
    expected: /is not owned by mallory/,
  },
  {
    what: 'the home is not there',
    set: 'true',
    byRoot: 'mv /home/mallory /home/moved',
    unset: 'mv /home/moved /home/mallory',
    expected: /does not exist/,
  },
  {
    what: 'anybody may rename homes',
    set: 'true',
    byRoot: 'chmod 777 /home',
    unset: 'chmod 755 /home',
    expected: /can be changed by others than root/,
  },
  {
    what: 'the file is immutable',
    set: 'mkdir .ssh; touch .ssh/authorized_keys',
    byRoot: 'chattr +i .ssh/authorized_keys',
    unset: 'chattr -i /home/mallory/.ssh/authorized_keys',
    expected: /EPERM/,
  },
  { what: 'the file is huge', set: 'mkdir .ssh; head -c 2M /dev/zero > .ssh/authorized_keys', expected: /larger than/ },
]

test('a trap in the way of a key is refused before anything is changed, or harmless', patient, async t => {
  const vm = await openAttacked(t)
  for (const { what, set, byRoot = 'true', unset = 'true', expected } of traps) {
    await vm.sh(
      `chown mallory: /home/mallory; chmod 755 /home/mallory; rm -rf /home/mallory/.ssh /home/mallory/*; ${asMallory(set)}`,
    )
    await vm.sh(
      `cd /home/mallory; ${byRoot}; cp -a /etc/sudoers.d/waagent /root/waagent; sleep 0.05; touch /stamp; sleep 0.05`,
    )
    const outcome = await vm.enable({ username: 'mallory', ssh_key: key })
    if (expected === 'done') {
      succeeded(outcome)
      assert.match(
        await vm.sh('tail -1 /home/mallory/.ssh/authorized_keys; stat -c %U:%a /home/mallory/.ssh/authorized_keys'),
        /mallory\nmallory:600$/,
        what,
      )
      await vm.sh(
        'rm -f /home/mallory/other.was; if [ -e /home/mallory/other ]; then grep -qx precious /home/mallory/other; fi; cp -a /root/waagent /etc/sudoers.d/waagent',
      )
    } else {
      assert.match(refused(outcome), expected, what)
      assert.equal(await vm.sh(`${systemState} | grep -v -e ^/etc/sudoers.d -e ^/home || true`), '', what)
      assert.equal(await vm.sh('cat /etc/sudoers.d/waagent'), await vm.sh('cat /root/waagent'), what)
    }
    await vm.sh(unset)
  }
})

test('a full disk and a read-only file system leave everything as it was', patient, async t => {
  const vm = await openAttacked(t)
  const place = machinePlace(site(vm.at.instance, vm.at.stateDir), vm.machine.id)
  const init = (await readFile(place.pidFile, 'utf8')).trim()
  const inside = (...command: string[]) => execute('nsenter', ['--target', init, '--mount', '--pid', ...command])
  const uid = await vm.sh('id -u mallory')

  await inside('mount', '-t', 'tmpfs', '-o', `size=16k,mode=755,uid=${uid},gid=${uid}`, 'full', '/home/mallory')
  await vm.sh(
    `${asMallory('mkdir -m 700 .ssh; echo old > .ssh/authorized_keys; cat /dev/zero > fill || true')} 2>/dev/null; true`,
  )
  const full = () =>
    vm.sh('cat /home/mallory/.ssh/authorized_keys; ls -A /home/mallory/.ssh; cat /etc/sudoers.d/waagent')
  const before = await full()
  assert.match(refused(await vm.enable({ username: 'mallory', ssh_key: `${key} ${'x'.repeat(5_000)}` })), /ENOSPC/)
  assert.equal(await full(), before)
  await inside('umount', '/home/mallory')

  await inside('mount', '--bind', '/etc/sudoers.d', '/etc/sudoers.d')
  await inside('mount', '-o', 'remount,bind,ro', '/etc/sudoers.d')
  assert.match(refused(await vm.enable({ username: 'newcomer', password: 'Correct-horse-1', ssh_key: key })), /EROFS/)
  assert.equal((await vm.exec(['id', 'newcomer'])).exitCode, 1)
  assert.equal(
    await vm.sh('ls -A /home | tr "\\n" " "; ls /etc/ssh/sshd_config.d'),
    'azureuser mallory victim 50-lazuli.conf',
  )
  await inside('umount', '/etc/sudoers.d')
  succeeded(await vm.enable({ username: 'newcomer', password: 'Correct-horse-1', ssh_key: key }))
})

test('each of the hostile settings is refused, and nothing is changed', patient, async t => {
  const vm = await openVmAccess(t)
  for (const [number, { protectedSettings, publicSettings }] of hostileSettings.entries()) {
    const handlerSettings = { publicSettings, protectedSettings, protectedSettingsCertThumbprint: null }
    const text = JSON.stringify({ runtimeSettings: [{ handlerSettings }] })
    await writeFile(vm.path(`${handler}/config/${number}.settings`), text)
  }
  // The first write below a folder changes the folder above it, too, as overlays go.
  await vm.sh('touch /root/codes /stamp; sleep 0.1; touch /stamp; sleep 0.1')
  const last = hostileSettings.length - 1
  const script = `cd ${handler}; for n in $(seq 0 ${last}); do ConfigSequenceNumber=$n bin/vm-access enable; echo $? >> /root/codes; done`
  assert.equal((await vm.exec(['sh', '-c', script], { timeoutMs: 600_000 })).exitCode, 0)
  assert.equal(await vm.sh('sort /root/codes | uniq -c | tr -s " "'), `${hostileSettings.length} 1`)
  assert.equal(await vm.sh(`${systemState} | grep -v -e ^/root -e ^/stamp || true`), '')
  for (const [number, { why }] of hostileSettings.entries()) {
    const status: Status = await vm.status(number)
    assert.equal(status.status, 'error', why)
    assert.match(status.formattedMessage.message, /^(Enable|Repair) failed[:.] /, why)
  }
  const written = await vm.sh(`cat ${handler}/status/* /var/log/azure/*/extension.log`)
  assert.ok(!written.includes('Correct-horse-1'))
  // What is given in public is no secret, to the agent neither.
  const inPublic = hostileSettings.filter(({ publicSettings }) => 'password' in publicSettings)
  assert.equal(await vm.sh(`grep -l Correct-horse-1 ${handler}/config/* | wc -l`), String(inPublic.length))
})

/** Each place that a new administrator is written to, and what can be the matter with it. */
const faults: readonly {
  readonly what: string
  readonly set: string
  readonly unset: string
  readonly said: RegExp
}[] = [
  ...['/etc/passwd', '/etc/shadow', '/etc/group', '/etc/sudoers.d', '/etc/ssh/sshd_config.d', '/home'].map(place => ({
    what: `${place} is immutable`,
    set: `chattr +i ${place}`,
    unset: `chattr -i ${place}`,
    said: /EPERM|cannot|failed/,
  })),
  ...['/etc', '/etc/sudoers.d', '/etc/ssh', '/home'].map(place => ({
    what: `${place} is read-only`,
    set: `mount --bind ${place} ${place}; mount -o remount,bind,ro ${place}`,
    unset: `umount ${place}`,
    said: /EROFS|cannot|failed/,
  })),
  ...['/etc/sudoers.d', '/etc/ssh/sshd_config.d', '/home'].map(place => ({
    what: `the disk of ${place} is full`,
    set: `cp -a ${place} /root/copy; mount -t tmpfs -o size=64k,mode=755 full ${place}; cp -a /root/copy/. ${place}/
      cat /dev/zero > ${place}/fill.bak~ || true`,
    unset: `umount ${place}; rm -r /root/copy`,
    said: /ENOSPC|cannot|failed/,
  })),
]

test('whatever is the matter with a place that is written to, all of the run is undone', patient, async t => {
  const vm = await openVmAccess(t)
  const place = machinePlace(site(vm.at.instance, vm.at.stateDir), vm.machine.id)
  const init = (await readFile(place.pidFile, 'utf8')).trim()
  const inside = (script: string) => execute('nsenter', ['--target', init, '--mount', '--pid', 'sh', '-c', script])
  const state = () =>
    vm.sh(`cd /etc; cat passwd shadow group gshadow subuid sudoers.d/waagent; ls -A sudoers.d ssh/sshd_config.d /home
      cat ssh/sshd_config ssh/sshd_config.d/*; sshd -t; visudo -cq; test ! -e passwd.lock`)
  const wish = { username: 'newcomer', password: 'Correct-horse-1', ssh_key: key }
  for (const { what, set, unset, said } of faults) {
    await inside(set)
    const before = await state()
    const message = refused(await vm.enable(wish))
    assert.match(message, said, what)
    assert.match(message, /All changes have been undone\.$/, what)
    assert.equal(await state(), before, what)
    await inside(unset)
    assert.equal(await vm.ssh('sudo -n id -un', { user: 'azureuser' }), 'root', what)
  }
  succeeded(await vm.enable(wish))
})

test('a user whose processes make others as fast as they can is removed all the same', patient, async t => {
  const vm = await openAttacked(t)
  const storm = 'trap "" TERM HUP; while :; do setsid sh /tmp/storm & sleep 0.02; exec sh /tmp/storm; done'
  await vm.sh(`echo '${storm}' > /tmp/storm; chmod 755 /tmp/storm
    for n in 1 2 3 4; do setpriv --reuid mallory --regid mallory --clear-groups prlimit --nproc=60 setsid sh /tmp/storm </dev/null >/dev/null 2>&1 & done
    until pgrep -u mallory -c -f /tmp/[s]torm; do sleep 0.05; done`)
  succeeded(await vm.enable({ remove_user: 'mallory' }))
  assert.equal(await vm.sh('pgrep -c -f /tmp/[s]torm || true; ls /home'), '0\nazureuser\nvictim')
})
