/**
 * One virtual network: a network namespace that routes between its machines, and a link that joins it to the host.
 * Machines hang on routed point-to-point links, not on a bridge, so the kernel's reverse path filter makes a source
 * address an identity: a packet with somebody else's address is dropped where it comes in.
 */

import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as z from 'zod'
import { isErrno, writeDurably } from '../../store/durable-file.ts'
import { CommandFailed, type Run } from '../run.ts'
import { firewall } from './firewall.ts'
import type { MachinePlace, Site } from './site.ts'
import { instanceSeed } from './site.ts'
import { type AddressPlan, freePlans, parseCidr } from './subnets.ts'

export const metadataAddress = '169.254.169.254'
/** Azure's platform address, the same in every region. */
export const fabricAddress = '168.63.129.16'

/** What every gateway of every Azure network answers to ARP with. */
const gatewayMac = '12:34:56:78:9a:bc'

const settings = [
  'net.ipv4.ip_forward=1',
  'net.ipv4.conf.all.rp_filter=1',
  // As on Azure, the network answers ARP for everything.
  'net.ipv4.conf.default.proxy_arp=1',
  'net.ipv6.conf.all.disable_ipv6=1',
  'net.ipv6.conf.default.disable_ipv6=1',
]

const planSchema = z.object({
  subnet: z.string(),
  prefixLength: z.number(),
  gateway: z.string(),
  hostLink: z.string(),
  networkLink: z.string(),
})

/** Brings the network up, or completes what is there; running machines stay connected. */
export async function openNetwork(site: Site, run: Run): Promise<AddressPlan> {
  const file = join(site.stateDir, 'network.json')
  const recorded = await readPlan(file)
  // Whatever is there otherwise was left by a start that was cut short, or by the host's last run: where /run is not in
  // memory, the names of namespaces are still there after a restart, and lead nowhere.
  if (!recorded || !(await isNamespace(site.network, run))) await removeNetwork(site, run)
  if (!(await namespaces(run)).includes(site.network)) await run('ip', ['netns', 'add', site.network])
  await run('ip', ['netns', 'exec', site.network, 'sysctl', '-q', '-w', ...settings])
  await batch(run, site.network, [
    'link set lo up',
    `address replace ${metadataAddress}/32 dev lo`,
    `address replace ${fabricAddress}/32 dev lo`,
  ])
  if (!(await routes(run)).links.includes(site.uplink)) {
    const peer = ['type', 'veth', 'peer', 'name', 'host', 'netns', site.network]
    await run('ip', ['link', 'add', site.uplink, ...peer])
  }

  const plan = recorded ?? (await firstFree(site, run))
  if (recorded && !(await claim(site, recorded, run))) {
    throw new Error(
      `The machines' network ${recorded.subnet} is in use by another route of this host. ` +
        `Remove that route (ip route show ${recorded.subnet}), or delete the machines and ${file}.`,
    )
  }
  await batch(run, site.network, [
    `address replace ${plan.gateway}/32 dev lo`,
    `address replace ${plan.networkLink}/30 dev host`,
    'link set host up',
    `route replace default via ${plan.hostLink}`,
  ])
  await run('ip', ['netns', 'exec', site.network, 'nft', '-f', '-'], { stdin: firewall })
  if (!recorded) await writeDurably(file, `${JSON.stringify(plan)}\n`, { mode: 0o600 })
  return plan
}

/** Takes the network away with all its links. Machines must have ended. */
export async function removeNetwork(site: Site, run: Run): Promise<void> {
  // The link first: a namespace takes its end of it along, but at a time of the kernel's choosing.
  await deleteIfThere(run, ['link', 'delete', site.uplink])
  for (const name of await siteNamespaces(site, run)) await run('ip', ['netns', 'delete', name])
}

/** Connects a machine, with a namespace as fresh as on its first day whatever it did to the last one. */
export async function connectMachine(
  place: MachinePlace,
  { site, plan, address, run }: { site: Site; plan: AddressPlan; address: string; run: Run },
): Promise<void> {
  const mac = macAddress(place.id)
  const link = linkName(place.id)
  await disconnectMachine(place, { site, run })
  await run('ip', ['netns', 'add', place.network])
  const peer = ['type', 'veth', 'peer', 'name', 'eth0', 'netns', place.network, 'address', mac]
  await run('ip', ['link', 'add', link, 'netns', site.network, 'address', gatewayMac, ...peer])
  // Neighbours that never change need no ARP, which could be lost while the link is young, and cannot be poisoned.
  await batch(run, place.network, [
    'link set lo up',
    'link set eth0 addrgenmode none',
    'link set eth0 up',
    `address add ${address}/${plan.prefixLength} dev eth0`,
    `neighbour replace ${plan.gateway} lladdr ${gatewayMac} dev eth0 nud permanent`,
    `route add default via ${plan.gateway}`,
    `route add ${fabricAddress}/32 via ${plan.gateway}`,
    `route add ${metadataAddress}/32 via ${plan.gateway}`,
  ])
  await batch(run, site.network, [
    `link set ${link} up`,
    `neighbour replace ${address} lladdr ${mac} dev ${link} nud permanent`,
    `route replace ${address}/32 dev ${link}`,
  ])
}

export async function disconnectMachine(place: MachinePlace, { site, run }: { site: Site; run: Run }): Promise<void> {
  await deleteIfThere(run, ['-n', site.network, 'link', 'delete', linkName(place.id)])
  await deleteIfThere(run, ['netns', 'delete', place.network])
}

/** The names of this site's namespaces: the network's own and one per machine that is connected. */
export async function siteNamespaces(site: Site, run: Run): Promise<string[]> {
  return (await namespaces(run)).filter(name => name === site.network || name.startsWith(`${site.network}-`))
}

/** Stable for a machine's life, and in the range of Azure's own adapters. */
export function macAddress(id: string): string {
  const bytes = idHash(id).match(/../g)?.slice(0, 3) ?? []
  return ['00', '0d', '3a', ...bytes].join(':')
}

/** The network's end of a machine's link. Interface names have 15 characters at most; `m` is what the firewall sees. */
export const linkName = (id: string) => `m${idHash(id).slice(0, 12)}`

const idHash = (id: string) => createHash('sha256').update(id).digest('hex')

async function firstFree(site: Site, run: Run): Promise<AddressPlan> {
  const { prefixes } = await routes(run)
  for (const plan of freePlans(prefixes.map(parseCidr), instanceSeed(site))) {
    if (await claim(site, plan, run)) return plan
  }
  throw new Error('No subnet of 10.64.0.0/10 is free on this host.')
}

/**
 * Takes the subnet by adding its route to the host's table, which has room for one such route only: whoever else chose
 * the same subnet at the same moment gets false and chooses again.
 */
async function claim(site: Site, plan: AddressPlan, run: Run): Promise<boolean> {
  const owner = (await routes(run)).owners.get(plan.subnet)
  if (owner !== undefined) return owner === site.uplink
  await batch(run, undefined, [
    `address flush dev ${site.uplink}`,
    `address replace ${plan.hostLink}/30 dev ${site.uplink}`,
    `link set ${site.uplink} up`,
  ])
  try {
    await run('ip', ['route', 'add', plan.subnet, 'via', plan.networkLink, 'dev', site.uplink])
    return true
  } catch (error) {
    if (error instanceof CommandFailed && error.message.includes('File exists')) return false
    throw error
  }
}

async function readPlan(file: string): Promise<AddressPlan | undefined> {
  try {
    return planSchema.parse(JSON.parse(await readFile(file, 'utf8')))
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined
    throw error
  }
}

async function isNamespace(name: string, run: Run): Promise<boolean> {
  return (await run('ip', ['-n', name, 'link', 'show', 'dev', 'lo'], { anyExit: true })).exitCode === 0
}

async function namespaces(run: Run): Promise<string[]> {
  const { stdout } = await run('ip', ['netns', 'list'])
  return stdout.split('\n').flatMap(line => line.split(' ')[0] || [])
}

async function routes(run: Run) {
  const [table, links] = await Promise.all([
    run('ip', ['-4', '-json', 'route', 'show', 'table', 'all']),
    run('ip', ['-json', 'link', 'show']),
  ])
  const entries = z.array(z.object({ dst: z.string(), dev: z.string().optional() })).parse(JSON.parse(table.stdout))
  const known = entries.filter(({ dst }) => /^\d/.test(dst))
  return {
    prefixes: known.map(({ dst }) => dst),
    owners: new Map(known.map(({ dst, dev }) => [dst, dev])),
    links: z
      .array(z.object({ ifname: z.string() }))
      .parse(JSON.parse(links.stdout))
      .map(({ ifname }) => ifname),
  }
}

/** One `ip` for many commands: starting it is what costs. */
const batch = (run: Run, namespace: string | undefined, commands: readonly string[]) =>
  run('ip', [...(namespace === undefined ? [] : ['-n', namespace]), '-batch', '-'], {
    stdin: `${commands.join('\n')}\n`,
  })

async function deleteIfThere(run: Run, command: readonly string[]): Promise<void> {
  try {
    await run('ip', command)
  } catch (error) {
    if (
      error instanceof CommandFailed &&
      /Cannot find device|No such file or directory|Invalid argument/.test(error.message)
    )
      return
    throw error
  }
}
