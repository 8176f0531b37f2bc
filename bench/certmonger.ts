import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { openTestAuthority } from '../src/certificate-bundle/testing-authority.ts'
import type { Machine } from './machine.ts'
import { measured, note } from './report.ts'

const idleMs = 10_000
const limitMs = 240_000

/**
 * Debian's certmonger with as many certificates, on a machine. It watches files that are there already, which it would
 * renew when their time comes; it fetches none.
 */
export async function certmonger(machine: Machine, folder: string, tracked: number): Promise<void> {
  try {
    install(machine, folder)
  } catch (error) {
    note(`certmonger cannot be installed here, so nothing is compared: ${String(error).split('\n')[0]}`)
    return
  }
  const authority = openTestAuthority()
  try {
    // Longer than the 28 days before the end at which certmonger begins to renew.
    authority.issue('one', { kind: 'ec', days: 90 })
    for (const part of ['crt', 'key']) machine.inside(`cat > /srv/one.${part}`, authority.read(`one.${part}`))
  } finally {
    authority.close()
  }
  const each = `for i in $(seq ${tracked}); do`
  machine.inside(`mkdir /srv/tracked && cd /srv/tracked && ${each} cp ../one.crt $i.crt; cp ../one.key $i.key; done`)
  machine.inside('systemctl start certmonger')
  const version = machine.inside('dpkg -s certmonger | grep ^Version:').trim()
  const begun = performance.now()
  const track = 'getcert start-tracking -c SelfSign -f /srv/tracked/$i.crt -k /srv/tracked/$i.key'
  machine.inside(`${each} ${track} >/dev/null || exit 1; done`)
  const watched = () => Number(machine.inside("getcert list | grep -c 'status: MONITORING' || true"))
  for (; watched() < tracked; await pause(500))
    if (performance.now() - begun > limitMs) throw new Error(`certmonger watches ${watched()} of ${tracked}`)
  measured(`certmonger (${version}): until all are tracked`, [performance.now() - begun], 'ms')
  await pause(2_000)
  const before = machine.unit('certmonger')
  await pause(idleMs)
  const after = machine.unit('certmonger')
  measured('  processor time in 10 s without news', [(after.seconds - before.seconds) * 1_000], 'ms')
  measured('  resident memory', [after.residentMiB], 'MiB')
}

/** What of the package and its dependencies the machine does not have is fetched by the host, whose network is known to work. */
function install({ inside }: Machine, folder: string): void {
  const archives = join(folder, 'certmonger')
  mkdirSync(join(archives, 'partial'), { recursive: true })
  const state = join(archives, 'status')
  writeFileSync(state, inside('cat /var/lib/dpkg/status'))
  const options = [
    ...['APT::Sandbox::User=root', `Dir::State::status=${state}`, `Dir::Cache::archives=${archives}`],
    'Debug::NoLocking=1',
  ].flatMap(option => ['-o', option])
  execFileSync(
    'apt-get',
    [...options, '--yes', '--download-only', '--no-install-recommends', 'install', 'certmonger'],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  )
  inside('mkdir -p /tmp/certmonger')
  for (const file of readdirSync(archives).filter(name => name.endsWith('.deb')))
    inside(`cat > '/tmp/certmonger/${file}'`, readFileSync(join(archives, file)))
  inside('DEBIAN_FRONTEND=noninteractive dpkg -i /tmp/certmonger/*.deb')
}
