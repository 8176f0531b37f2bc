/**
 * `node prepare.ts start|test` runs before `npm start` and `npm test`, and installs the system's packages that they need
 * and that are missing. When nothing is missing it says nothing and takes no time.
 */

import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'

/** A Debian package, and the program or the file (a path from /) by which we know that it is not needed. */
type Need = { readonly package: string; readonly shows: string }

// We look for programs and not for packages: runc, for one, also comes with a container engine whose package conflicts
// with Debian's, and nobody should lose that engine to us.
const forMachines: readonly Need[] = [
  { package: 'runc', shows: 'runc' },
  { package: 'mmdebstrap', shows: 'mmdebstrap' },
  { package: 'iproute2', shows: 'ip' },
  { package: 'nftables', shows: 'nft' },
  { package: 'procps', shows: 'sysctl' },
  { package: 'mount', shows: 'mount' },
  { package: 'util-linux', shows: 'nsenter' },
  { package: 'openssh-client', shows: 'ssh' },
  { package: 'curl', shows: 'curl' },
  { package: 'ca-certificates', shows: '/etc/ssl/certs/ca-certificates.crt' },
]

const forTests: readonly Need[] = [
  ...forMachines,
  { package: 'openssl', shows: 'openssl' },
  { package: 'python3', shows: 'python3' },
  { package: 'jq', shows: 'jq' },
  { package: 'acl', shows: 'setfacl' },
  { package: 'rclone', shows: 'rclone' },
  { package: 'pebble', shows: 'pebble' },
  // Without its services, which would be started.
  { package: 'python3-swift', shows: '/usr/lib/python3/dist-packages/swift/__init__.py' },
  // Has the keys of the newer of the two releases whose az the tests run; the first keyring of Debian 12 does not.
  { package: 'debian-archive-keyring', shows: '/usr/share/keyrings/debian-archive-trixie-stable.gpg' },
]

const folders = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin']

function isThere({ shows }: Need): boolean {
  const places = shows.startsWith('/') ? [shows] : folders.map(folder => `${folder}/${shows}`)
  return places.some(place => existsSync(place))
}

/** Runs apt-get, which shows its own progress; true when it succeeded. */
function aptGet(...args: readonly string[]): boolean {
  const { status, error } = spawnSync('apt-get', ['-o', 'DPkg::Lock::Timeout=300', ...args], {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  })
  if (error) throw error
  return status === 0
}

const purpose = process.argv[2]
if (purpose !== 'start' && purpose !== 'test') {
  console.error('usage: node prepare.ts start|test')
  process.exit(2)
}

const missing = (purpose === 'test' ? forTests : forMachines).filter(need => !isThere(need)).map(need => need.package)
const why = purpose === 'test' ? 'The tests of machines and of az need' : 'Sandbox machines need'
const command = `apt-get update && apt-get install -y --no-install-recommends ${missing.join(' ')}`

if (missing.length === 0) {
  // The usual case.
} else if (process.platform !== 'linux' || !existsSync('/usr/bin/apt-get')) {
  console.log(`${why} ${missing.join(', ')}: this is neither Debian nor Ubuntu, so it goes on without them.`)
} else if (process.getuid?.() !== 0) {
  console.log(`${why} root and these packages; it goes on without them. To install them:\n  sudo sh -c '${command}'`)
} else {
  console.log(`${why} ${missing.join(', ')}: installing.`)
  if (!aptGet('update') || !aptGet('install', '-y', '--no-install-recommends', ...missing)) {
    console.error(`The packages could not be installed. Once apt-get works, this is what is needed:\n  ${command}`)
    // Without machines, all the rest of Lazuli still works; a test run, however, would pass without having looked.
    if (purpose === 'test') process.exitCode = 1
  }
}
