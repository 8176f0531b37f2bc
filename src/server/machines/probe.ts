/**
 * What this host can do, found by trying: the one place where hosts differ. `lazuli doctor` prints it, and the choice of
 * the machine driver depends on it.
 */

import { constants } from 'node:fs'
import { access, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { serverRecipe } from './image-recipe.ts'
import { findImage } from './images.ts'
import { nodeTrouble } from './node-in-image.ts'
import type { Run } from './run.ts'
import { type CgroupLayout, readCgroupLayout } from './sandbox/cgroups.ts'
import type { DiskKind } from './sandbox/disk.ts'

export type Probe = {
  readonly name: string
  readonly ok: boolean
  /** What was found, or why it failed. */
  readonly detail: string
  /** What to do about it; empty when nothing needs doing. */
  readonly remedy: string
  /** Machines work without it, but not everything in them. */
  readonly optional?: true
}

export type HostAbilities = {
  readonly probes: readonly Probe[]
  /** Undefined when real machines are not possible here. */
  readonly sandbox:
    | { readonly cgroups: CgroupLayout; readonly diskKind: DiskKind; readonly capabilities: ReadonlySet<string> }
    | undefined
}

export type ProbeOptions = {
  /** Where machines will be; made when missing. */
  readonly stateDir: string
  readonly cacheDir: string
  readonly instance: string
  readonly run: Run
}

/** linux/capability.h, by number. */
const capabilityNames = [
  ...['CHOWN', 'DAC_OVERRIDE', 'DAC_READ_SEARCH', 'FOWNER', 'FSETID', 'KILL', 'SETGID', 'SETUID', 'SETPCAP'],
  ...['LINUX_IMMUTABLE', 'NET_BIND_SERVICE', 'NET_BROADCAST', 'NET_ADMIN', 'NET_RAW', 'IPC_LOCK', 'IPC_OWNER'],
  ...['SYS_MODULE', 'SYS_RAWIO', 'SYS_CHROOT', 'SYS_PTRACE', 'SYS_PACCT', 'SYS_ADMIN', 'SYS_BOOT', 'SYS_NICE'],
  ...['SYS_RESOURCE', 'SYS_TIME', 'SYS_TTY_CONFIG', 'MKNOD', 'LEASE', 'AUDIT_WRITE', 'AUDIT_CONTROL', 'SETFCAP'],
  ...['MAC_OVERRIDE', 'MAC_ADMIN', 'SYSLOG', 'WAKE_ALARM', 'BLOCK_SUSPEND', 'AUDIT_READ', 'PERFMON', 'BPF'],
  ...['CHECKPOINT_RESTORE'],
].map(name => `CAP_${name}`)

const neededCapabilities = ['CAP_SYS_ADMIN', 'CAP_NET_ADMIN', 'CAP_SYS_CHROOT', 'CAP_MKNOD', 'CAP_SETPCAP']

/** Tries everything that sandbox machines need. Takes some 100 ms and leaves nothing behind. */
export async function probeHost(options: ProbeOptions): Promise<HostAbilities> {
  const { run } = options
  const capabilities = await boundingCapabilities()
  const missing = neededCapabilities.filter(name => !capabilities.has(name))
  const isRoot = process.geteuid?.() === 0
  const root = {
    name: 'root',
    ok: process.platform === 'linux' && isRoot && missing.length === 0,
    detail: rootDetail(isRoot, missing),
    remedy: 'Run Lazuli as root on Linux.',
  }
  // Without it the others would only fail one by one.
  if (!root.ok) return { probes: [root], sandbox: undefined }

  const cgroups = await readCgroupLayout()
  // Side by side: every start of a server waits for this.
  const [disk, namespaces, image, loopDevices, agent, ...programs] = await Promise.all([
    probeDisk(options),
    probeNamespaces(options),
    probeImage(options),
    probeLoopDevices(),
    probeAgent(options),
    program(run, 'runc', ['runc', ['--version']], 'runc'),
    program(run, 'nft', ['nft', ['--version']], 'nftables'),
    ...['sysctl', 'nsenter', 'flock', 'chroot', 'mount'].map(name =>
      program(
        run,
        name,
        [name, ['--version']],
        name === 'sysctl' ? 'procps' : name === 'chroot' ? 'coreutils' : 'util-linux',
      ),
    ),
  ])
  const probes = [
    root,
    {
      name: 'control groups',
      ok: cgroups !== undefined,
      detail: cgroups
        ? `${cgroups.mode}, ${cgroups.hierarchies.map(one => one.path).join(' ')}`
        : 'no memory, pids and cpu',
      remedy: 'Mount the cgroup controllers memory, pids and cpu (in a container: run it privileged).',
    },
    disk.probe,
    ...programs,
    namespaces,
    image,
    loopDevices,
    ...agent,
  ].map(withoutNeedlessRemedy)

  const isReady = probes.every(({ ok, ...probe }) => ok || 'optional' in probe)
  const sandbox = isReady && cgroups && disk.kind ? { cgroups, diskKind: disk.kind, capabilities } : undefined
  return { probes, sandbox }
}

const withoutNeedlessRemedy = (probe: Probe): Probe => (probe.ok ? { ...probe, remedy: '' } : probe)

function rootDetail(isRoot: boolean, missing: readonly string[]): string {
  if (process.platform !== 'linux') return `this is ${process.platform}`
  if (!isRoot) return 'not root'
  return missing.length === 0 ? 'root, with all capabilities needed' : `root without ${missing.join(', ')}`
}

async function boundingCapabilities(): Promise<ReadonlySet<string>> {
  const status = await readFile('/proc/self/status', 'utf8').catch(() => '')
  const mask = BigInt(`0x${/^CapBnd:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0'}`)
  return new Set(capabilityNames.filter((_name, bit) => (mask >> BigInt(bit)) & 1n))
}

async function program(
  run: Run,
  name: string,
  [command, args]: [string, readonly string[]],
  debianPackage: string,
): Promise<Probe> {
  const remedy = `Install it: apt-get install ${debianPackage}`
  try {
    const { stdout } = await run(command, args)
    return { name, ok: true, detail: stdout.split('\n')[0] ?? '', remedy }
  } catch (error) {
    return { name, ok: false, detail: reason(error), remedy }
  }
}

/** An overlay cannot lie on another overlay, on network file systems and some others. */
async function probeDisk({ stateDir, run }: ProbeOptions): Promise<{ probe: Probe; kind: DiskKind | undefined }> {
  await mkdir(stateDir, { recursive: true, mode: 0o700 })
  const remedy = 'Put the data directory on ext4, xfs or btrfs (--data DIR).'
  const name = 'overlay file system'
  const onDisk = await tryOverlay(stateDir, { tmpfs: false, run })
  if (!onDisk) return { kind: 'file', probe: { name, ok: true, detail: `works in ${stateDir}`, remedy } }
  const inMemory = await tryOverlay(stateDir, { tmpfs: true, run })
  if (inMemory) return { kind: undefined, probe: { name, ok: false, detail: inMemory, remedy } }
  const detail = `not in ${stateDir}; machines' disks are in memory and end with this host`
  return { kind: 'memory', probe: { name, ok: true, detail, remedy } }
}

/** Returns why it does not work. */
async function tryOverlay(stateDir: string, { tmpfs, run }: { tmpfs: boolean; run: Run }): Promise<string | undefined> {
  const folder = await mkdtemp(join(stateDir, 'probe-'))
  const [lower, upper, work, merged] = ['lower', 'upper', 'work', 'merged'].map(part => join(folder, part))
  const mounted: string[] = []
  try {
    if (tmpfs) {
      await run('mount', ['-t', 'tmpfs', 'lazuli-probe', folder])
      mounted.unshift(folder)
    }
    for (const part of [lower, upper, work, merged]) await mkdir(part ?? folder)
    const layers = `lowerdir=${lower},upperdir=${upper},workdir=${work}`
    await run('mount', ['-t', 'overlay', '-o', layers, 'lazuli-probe', merged ?? folder])
    mounted.unshift(merged ?? folder)
    return undefined
  } catch (error) {
    return reason(error)
  } finally {
    for (const path of mounted) await run('umount', [path])
    await rm(folder, { recursive: true, force: true })
  }
}

async function probeNamespaces({ instance, run }: ProbeOptions): Promise<Probe> {
  const name = 'network namespaces'
  const remedy = 'Install iproute2; in a container: run it privileged.'
  const namespace = `lz-probe-${instance}-${process.pid}`
  try {
    await run('ip', ['netns', 'add', namespace])
  } catch (error) {
    return { name, ok: false, detail: reason(error), remedy }
  }
  try {
    const link = ['link', 'add', 'probe0', 'type', 'veth', 'peer', 'name', 'probe1']
    await run('ip', ['-n', namespace, ...link])
    await run('ip', ['netns', 'exec', namespace, 'nft', '-f', '-'], { stdin: 'add table inet lazuli_probe\n' })
    return { name, ok: true, detail: 'namespace, veth link and nftables work', remedy }
  } catch (error) {
    return { name, ok: false, detail: reason(error), remedy: 'Load the kernel modules veth and nf_tables.' }
  } finally {
    await run('ip', ['netns', 'delete', namespace])
  }
}

async function probeImage({ cacheDir, run }: ProbeOptions): Promise<Probe> {
  const name = 'machine image'
  const remedy = 'Install mmdebstrap (apt-get install mmdebstrap) on Debian or Ubuntu.'
  try {
    const image = await findImage({ cacheDir, recipe: serverRecipe })
    if (image) return { name, ok: true, detail: `${image.os.name} ${image.os.version} in ${image.root}`, remedy }
    const { stdout } = await run('mmdebstrap', ['--version'])
    return { name, ok: true, detail: `will be built once by ${stdout.trim()}`, remedy }
  } catch (error) {
    return { name, ok: false, detail: reason(error), remedy }
  }
}

async function probeLoopDevices(): Promise<Probe> {
  const probe = { name: 'loop devices', optional: true, remedy: 'Load the kernel module loop.' } as const
  return access('/dev/loop-control', constants.R_OK | constants.W_OK).then(
    () => ({ ...probe, ok: true, detail: '/dev/loop-control' }),
    (error: unknown) => ({ ...probe, ok: false, detail: `no data disks: ${reason(error)}` }),
  )
}

/** Nothing to tell before there is an image. */
async function probeAgent({ cacheDir, run }: ProbeOptions): Promise<Probe[]> {
  const image = await findImage({ cacheDir, recipe: serverRecipe }).catch(() => undefined)
  if (!image) return []
  const trouble = await nodeTrouble(image.root, process.execPath, run).catch(reason)
  const detail = trouble === undefined ? `${process.version} runs in machines` : agentless(trouble)
  const remedy = 'Start Lazuli with a Node that runs there, such as the one that npm ci brings.'
  return [{ name: 'machine agent', optional: true, ok: trouble === undefined, detail, remedy }]
}

/** What it means that Node does not run in machines. */
export const agentless = (trouble: string) =>
  `no extensions and no commands in machines: this server's Node does not run there (${trouble})`

const reason = (error: unknown): string => (error instanceof Error ? error.message : String(error))
