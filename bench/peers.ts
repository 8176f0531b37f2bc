import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

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
