/** The OCI runtime configuration of a machine (opencontainers/runtime-spec, version 1.0.2): systemd as its first process. */

import { seccomp } from './seccomp.ts'

/** Something of the host that the machine sees and cannot change. */
export type BindMount = { readonly source: string; readonly destination: string }

export type ContainerWish = {
  readonly root: string
  readonly hostname: string
  /** Path of the network namespace, made beforehand. */
  readonly networkNamespace: string
  /** Where the container's own control group goes, below the one that carries the limits. */
  readonly cgroup: string
  readonly binds: readonly BindMount[]
  /** What this process may pass on; nothing beyond it can be given to a machine. */
  readonly boundingCapabilities: ReadonlySet<string>
}

/**
 * What root in a machine keeps. Not SYS_ADMIN, SYS_MODULE, SYS_RAWIO, SYS_TIME, SYS_BOOT or SYS_RESOURCE, which reach
 * beyond the machine; and not DAC_READ_SEARCH, the right behind open_by_handle_at.
 */
const capabilities = [
  ...['CAP_CHOWN', 'CAP_DAC_OVERRIDE', 'CAP_FOWNER', 'CAP_FSETID', 'CAP_KILL', 'CAP_SETGID', 'CAP_SETUID'],
  ...['CAP_SETPCAP', 'CAP_SETFCAP', 'CAP_LINUX_IMMUTABLE', 'CAP_NET_BIND_SERVICE', 'CAP_NET_BROADCAST'],
  ...['CAP_NET_ADMIN', 'CAP_NET_RAW', 'CAP_IPC_LOCK', 'CAP_IPC_OWNER', 'CAP_SYS_CHROOT', 'CAP_SYS_PTRACE'],
  ...['CAP_SYS_NICE', 'CAP_MKNOD', 'CAP_AUDIT_WRITE'],
]

const maskedPaths = [
  ...['/proc/acpi', '/proc/asound', '/proc/interrupts', '/proc/kcore', '/proc/keys', '/proc/latency_stats'],
  ...['/proc/sched_debug', '/proc/scsi', '/proc/timer_list', '/proc/timer_stats'],
  ...['/sys/devices/virtual/powercap', '/sys/firmware'],
]

/** Settings of the host's kernel: root in a machine could change them for everyone. */
const readonlyPaths = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger']

export function ociConfig(wish: ContainerWish) {
  const granted = capabilities.filter(name => wish.boundingCapabilities.has(name))
  return {
    ociVersion: '1.0.2',
    process: {
      terminal: false,
      user: { uid: 0, gid: 0 },
      args: ['/sbin/init'],
      env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'LANG=C.UTF-8', 'container=oci'],
      cwd: '/',
      capabilities: { bounding: granted, effective: granted, permitted: granted },
      // sudo and passwd are set-uid programs.
      noNewPrivileges: false,
    },
    root: { path: wish.root, readonly: false },
    hostname: wish.hostname,
    mounts: [
      mount('/proc', 'proc', []),
      mount('/dev', 'tmpfs', ['nosuid', 'strictatime', 'mode=755', 'size=65536k']),
      mount('/dev/pts', 'devpts', ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5']),
      mount('/dev/shm', 'tmpfs', ['nosuid', 'nodev', 'mode=1777']),
      mount('/dev/mqueue', 'mqueue', ['nosuid', 'noexec', 'nodev']),
      mount('/sys', 'sysfs', ['nosuid', 'noexec', 'nodev', 'ro']),
      // systemd makes a group for each unit, below the machine's own; the limits are on a group above, out of its sight.
      mount('/sys/fs/cgroup', 'cgroup', ['nosuid', 'noexec', 'nodev', 'relatime', 'rw']),
      mount('/run', 'tmpfs', ['nosuid', 'nodev', 'mode=755']),
      mount('/run/lock', 'tmpfs', ['nosuid', 'nodev', 'noexec', 'mode=1777', 'size=5120k']),
      ...wish.binds.map(bind => ({ ...bind, type: 'bind', options: ['bind', 'ro', 'nosuid', 'nodev'] })),
    ],
    linux: {
      namespaces: [
        ...['pid', 'ipc', 'uts', 'mount', 'cgroup'].map(type => ({ type })),
        { type: 'network', path: wish.networkNamespace },
      ],
      cgroupsPath: wish.cgroup,
      // runc itself adds /dev/null and its like.
      resources: { devices: [{ allow: false, access: 'rwm' }] },
      maskedPaths,
      readonlyPaths,
      seccomp,
    },
  }
}

const mount = (destination: string, type: string, options: readonly string[]) => ({
  destination,
  type,
  source: type,
  options,
})
