/**
 * What a machine driver promises. A driver turns a wish (MachineSpec) into a running Linux, and nothing more:
 * it knows no ARM resource, no token and no role. Every function is idempotent, so that a half-done call can be
 * repeated after a crash.
 */

import type { Server } from 'node:net'

export type PowerState = 'starting' | 'running' | 'stopping' | 'stopped' | 'deallocated'

export type MachineSpec = {
  /** The vmId: a lower-case GUID, stable over restarts; names everything the driver makes. */
  readonly id: string
  readonly computerName: string
  readonly image: string
  readonly cpus: number
  readonly memoryMiB: number
  readonly admin: {
    readonly username: string
    /** Plain text, on its way to `chpasswd` on standard input; never stored by the driver. */
    readonly password?: string
    readonly sshPublicKeys: readonly string[]
    readonly passwordAuthentication: boolean
  }
}

export type HostKey = { readonly type: string; readonly publicKey: string; readonly fingerprint: string }

/** What is true of a machine once it has been made. */
export type MachineFacts = {
  readonly address: string
  readonly prefixLength: number
  readonly subnet: string
  readonly macAddress: string
  readonly hostKeys: readonly HostKey[]
  readonly os: { readonly name: string; readonly version: string }
  /** The public half of the key that the machine's agent signs with: base64 of an SPKI. Machines of old have none. */
  readonly agentKey?: string | undefined
}

export type Exec = { readonly exitCode: number; readonly stdout: string; readonly stderr: string }

/** The agent as the server has it; machines see it and cannot change it. */
export type AgentProgram = {
  /** What is to be seen in machines. */
  readonly folder: string
  /** Of the program, below the folder. */
  readonly entry: string
  /** The server's name, as certificates have it. */
  readonly url: string
  readonly version: string
}

/** Whole numbers from the first to the last of each range: IPv4 addresses, or ports. In order and without overlaps. */
type Ranges = readonly (readonly [first: number, last: number])[]

export type PacketRule = {
  readonly allows: boolean
  /** `any`, or a name from /etc/protocols: `tcp`, `udp`, `icmp`, `esp`, `ah`. */
  readonly protocol: string
  readonly sources: Ranges
  readonly sourcePorts: Ranges
  readonly destinations: Ranges
  readonly destinationPorts: Ranges
}

/**
 * Which connections a machine takes part in. Of each list the first rule that fits a packet decides, and a packet that
 * none fits is dropped; all lists of a direction must let it through.
 */
export type PacketFilter = {
  readonly id: string
  readonly inbound: readonly (readonly PacketRule[])[]
  readonly outbound: readonly (readonly PacketRule[])[]
}

/** The server's side of a machine network. The driver only opens the sockets, in the network's own namespace. */
export type Fabric = {
  /** The local certificate authority, to be trusted inside machines. */
  readonly caPem: string
  /** What machines need in order to find and trust the server; see ServerPlace of the agent. */
  readonly agent: AgentProgram
  /** Public host names that resolve to the fabric address inside machines; a leading dot stands for every name below. */
  readonly azureNames: readonly string[]
  /**
   * Serve the instance metadata address; `machineAt` says whose a source address is. The listener listens already and
   * is closed by the driver; take what it accepts from its `connection` event.
   */
  serveMetadata(listener: Server, machineAt: (address: string) => string | undefined): void
  /** Serve TLS for Azure's public names. The listener as above. */
  servePlanes(listener: Server): void
}

export type MachineDriver = {
  readonly kind: 'sandbox' | 'none'
  /** Why real machines are not available; empty when they are. One line each, with what to do. */
  readonly missing: readonly string[]
  /**
   * Adopt what still runs, remove every machine that `wanted` (ids) does not name, open the network. Progress is for
   * people. Machines that do not run are not started, but for those that were on their way to a reboot.
   */
  open(wanted: readonly string[], progress: (line: string) => void): Promise<void>
  /**
   * Makes and starts a machine, and returns when its SSH port listens. Undoes everything when it fails. For a machine
   * that exists it starts it where needed and returns its facts, whatever else `spec` says.
   */
  create(spec: MachineSpec): Promise<MachineFacts>
  powerOn(id: string): Promise<void>
  /** `graceful` asks init to shut down and waits a bounded time before it kills. */
  powerOff(id: string, options: { graceful: boolean }): Promise<void>
  /** Power off and give back everything but the disk. */
  deallocate(id: string): Promise<void>
  remove(id: string): Promise<void>
  /** Undefined when there is no such machine. */
  powerState(id: string): Promise<PowerState | undefined>
  /** Runs a command as root inside a running machine. Arguments, never a shell line. */
  exec(id: string, argv: readonly string[], options?: { stdin?: string; timeoutMs?: number }): Promise<Exec>
  /**
   * From now on these filters hold and no others; a machine without one is open to its network and to the host. A
   * filter may come before its machine.
   */
  filterPackets(filters: readonly PacketFilter[]): Promise<void>
  /** Reports each change of power state, also those the guest made itself. Returns the way to stop listening. */
  watch(listener: (id: string, state: PowerState) => void): () => void
  /** Close sockets and watchers. Machines keep running when `machines` is 'keep'; nothing of them is left when 'stop' but their disks. */
  close(options: { machines: 'keep' | 'stop' }): Promise<void>
}
