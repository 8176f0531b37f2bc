import { createHash } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { hostname, networkInterfaces } from 'node:os'
import { join } from 'node:path'
import type { AgentReport } from '../wire/agent-report.ts'
import { readIfPresent } from './files.ts'

type HostFacts = Pick<AgentReport, 'computerName' | 'os' | 'hostKeys' | 'addresses'>

/** What is true of this machine now. `root` is `/` but in tests. */
export async function hostFacts(root: string): Promise<HostFacts> {
  const [os, hostKeys] = await Promise.all([osRelease(root), sshHostKeys(join(root, 'etc/ssh'))])
  return { computerName: hostname(), os, hostKeys, addresses: ownAddresses() }
}

/** os-release(5): shell assignments; the first file that is there counts. */
async function osRelease(root: string): Promise<HostFacts['os']> {
  const text =
    (await readIfPresent(join(root, 'etc/os-release'))) ?? (await readIfPresent(join(root, 'usr/lib/os-release'))) ?? ''
  const value = (name: string) =>
    new RegExp(`^${name}=(.*)$`, 'm')
      .exec(text)?.[1]
      ?.replace(/^(["'])(.*)\1$/, '$2')
      .replaceAll('\\', '') ?? ''
  return { name: value('NAME') || 'Linux', version: value('VERSION_ID') }
}

async function sshHostKeys(folder: string): Promise<HostFacts['hostKeys']> {
  const names = (await readdir(folder).catch(() => [])).filter(name => /^ssh_host_\w+_key\.pub$/.test(name)).sort()
  const texts = await Promise.all(names.map(name => readIfPresent(join(folder, name))))
  return texts.flatMap(text => {
    const [type, blob] = (text ?? '').trim().split(/\s+/)
    if (!type || !blob) return []
    const digest = createHash('sha256').update(Buffer.from(blob, 'base64')).digest('base64').replace(/=+$/, '')
    return [{ type, publicKey: `${type} ${blob}`, fingerprint: `SHA256:${digest}` }]
  })
}

const ownAddresses = (): string[] =>
  Object.values(networkInterfaces())
    .flatMap(addresses => addresses ?? [])
    .filter(({ internal }) => !internal)
    .map(({ address }) => address)
