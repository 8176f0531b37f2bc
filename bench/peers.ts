import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { debianPackages } from '../test/machine/debian-packages.ts'
import type { Machine } from './machine.ts'

/** What Lazuli is compared with, and the load generator. No part of `npm ci`: they are large and only measured against. */
export const peersFolder = join(import.meta.dirname, 'peers')

export function installPeers(): void {
  const installed = join(peersFolder, 'node_modules', '.package-lock.json')
  const lock = join(peersFolder, 'package-lock.json')
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(lock).mtimeMs) return
  console.log('Installing what Lazuli is compared with (some 370 MB, half a minute):')
  const { status, error } = spawnSync('npm', ['ci', '--prefix', peersFolder, '--no-audit', '--no-fund'], {
    stdio: 'inherit',
  })
  if (error) throw error
  if (status !== 0) throw new Error('The peers could not be installed.')
}

/** Its name and version, as it is shown beside its numbers. */
export function peer(name: string): string {
  const { version } = JSON.parse(readFileSync(join(peersFolder, 'node_modules', name, 'package.json'), 'utf8'))
  return `${name} ${version}`
}

/** Installs a package of Debian and what it needs in a machine, whose own network leads nowhere. Returns its version. */
export async function installInMachine({ inside }: Machine, name: string): Promise<string> {
  for (const [file, content] of await debianPackages(missingFor(name, inside('cat /var/lib/dpkg/status'))))
    inside(`mkdir -p /tmp/peer && cat > /tmp/peer/${file}`, content)
  // Whoever measures it starts it.
  inside("printf '#!/bin/sh\\nexit 101\\n' > /usr/sbin/policy-rc.d && chmod +x /usr/sbin/policy-rc.d")
  inside('DEBIAN_FRONTEND=noninteractive dpkg -i /tmp/peer/*.deb && rm -r /tmp/peer')
  return `${name} ${inside(`dpkg-query -W -f '\${Version}' ${name}`)}`
}

/** What apt would install on a machine with these packages. */
function missingFor(name: string, status: string): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'lazuli-bench-apt-'))
  try {
    const file = join(folder, 'status')
    writeFileSync(file, status)
    const options = ['-o', `Dir::State::status=${file}`, '--simulate', '--no-install-recommends']
    const planned = execFileSync('apt-get', [...options, 'install', name], { encoding: 'utf8' })
    return [...planned.matchAll(/^Inst (\S+)/gm)].map(([, missing = '']) => missing)
  } finally {
    rmSync(folder, { recursive: true })
  }
}
