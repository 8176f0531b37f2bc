/**
 * What distributions disagree on and what cannot be asked of the machine itself: above all the configuration of sshd
 * that its package ships, where the package leaves no copy of it.
 */

import { readTextIfPresent } from './files.ts'

export type Distribution = {
  readonly name: string
  readonly family: Family
  readonly version: string
}

export type Family = keyof typeof families

type SshDefaults = {
  /** Copies of the packaged configuration, the best first. */
  readonly packaged: readonly string[]
  /** What the package's configuration says, for where there is no copy. */
  readonly lines: readonly string[]
  /** Drop-ins that packages and images bring, as patterns of their names. */
  readonly vendorDropIns: readonly RegExp[]
}

const include = 'Include /etc/ssh/sshd_config.d/*.conf'
const cloud = [
  /^50-cloud-init\.conf$/,
  /^50-cloudimg-settings\.conf$/,
  /^60-cloudimg-settings\.conf$/,
  /^50-lazuli\.conf$/,
]

const families = {
  debian: {
    packaged: ['/usr/share/openssh/sshd_config'],
    lines: [
      ...[include, 'KbdInteractiveAuthentication no', 'UsePAM yes', 'X11Forwarding yes', 'PrintMotd no'],
      ...['AcceptEnv LANG LC_*', 'Subsystem sftp /usr/lib/openssh/sftp-server'],
    ],
    vendorDropIns: cloud,
  },
  redhat: {
    packaged: [],
    lines: [...[include, 'AuthorizedKeysFile .ssh/authorized_keys', 'Subsystem sftp /usr/libexec/openssh/sftp-server']],
    vendorDropIns: [...cloud, /^[45]0-redhat(-crypto-policies)?\.conf$/, /^01-permitrootlogin\.conf$/],
  },
  /** Red Hat's up to version 8, whose sshd reads no drop-ins. */
  redhatOld: {
    packaged: [],
    lines: [
      ...['SyslogFacility AUTHPRIV', 'AuthorizedKeysFile .ssh/authorized_keys', 'ChallengeResponseAuthentication no'],
      ...['GSSAPIAuthentication yes', 'GSSAPICleanupCredentials no', 'UsePAM yes', 'X11Forwarding yes', 'PrintMotd no'],
      ...['AcceptEnv LANG LC_CTYPE LC_NUMERIC LC_TIME LC_COLLATE LC_MONETARY LC_MESSAGES'],
      ...['Subsystem sftp /usr/libexec/openssh/sftp-server'],
    ],
    vendorDropIns: cloud,
  },
  suse: {
    packaged: ['/usr/etc/ssh/sshd_config'],
    lines: [
      ...[include, 'AuthorizedKeysFile .ssh/authorized_keys', 'UsePAM yes', 'X11Forwarding yes'],
      ...['AcceptEnv LANG LC_*', 'Subsystem sftp /usr/lib/ssh/sftp-server'],
    ],
    vendorDropIns: cloud,
  },
  azureLinux: {
    packaged: [],
    lines: [
      ...['AuthorizedKeysFile .ssh/authorized_keys', 'UsePAM yes', 'PrintLastLog no', 'AllowTcpForwarding no'],
      ...['X11Forwarding no', 'ClientAliveInterval 120', 'ClientAliveCountMax 0'],
      ...['Subsystem sftp /usr/libexec/sftp-server'],
    ],
    vendorDropIns: cloud,
  },
  arch: {
    packaged: [],
    lines: [...[include, 'KbdInteractiveAuthentication no', 'UsePAM yes'], 'Subsystem sftp /usr/lib/ssh/sftp-server'],
    vendorDropIns: [...cloud, /^99-archlinux\.conf$/],
  },
  alpine: {
    packaged: [],
    lines: [
      ...[include, 'AuthorizedKeysFile .ssh/authorized_keys', 'AllowTcpForwarding no', 'GatewayPorts no'],
      ...['X11Forwarding no', 'Subsystem sftp internal-sftp'],
    ],
    vendorDropIns: cloud,
  },
  /** sshd's own defaults, and the one thing that has none. */
  other: { packaged: [], lines: [include, 'UsePAM yes', 'Subsystem sftp internal-sftp'], vendorDropIns: cloud },
} as const satisfies Readonly<Record<string, SshDefaults>>

const familyOf: readonly (readonly [family: Family, ids: readonly string[]])[] = [
  ['azureLinux', ['azurelinux', 'mariner']],
  ['suse', ['sles', 'sle-micro', 'opensuse', 'opensuse-leap', 'opensuse-tumbleweed', 'suse']],
  ['redhat', ['rhel', 'centos', 'fedora', 'almalinux', 'rocky', 'ol', 'amzn']],
  ['debian', ['debian', 'ubuntu', 'kali', 'raspbian', 'linuxmint']],
  ['arch', ['arch', 'archarm', 'manjaro']],
  ['alpine', ['alpine', 'postmarketos']],
]

/** Reads os-release(5). An ID that is not known is judged by what it says it is like. */
export function parseDistribution(osRelease: string): Distribution {
  const field = (name: string) =>
    new RegExp(`^${name}=(.*)$`, 'm')
      .exec(osRelease)?.[1]
      ?.trim()
      .replace(/^(["'])(.*)\1$/, '$2') ?? ''
  const version = field('VERSION_ID')
  const ids = [field('ID'), ...field('ID_LIKE').split(/\s+/)].map(id => id.toLowerCase())
  const family = ids.flatMap(id => familyOf.find(([, known]) => known.includes(id))?.[0] ?? []).at(0) ?? 'other'
  // Fedora counts by itself, and Amazon by years.
  const countsLikeRedHat = family === 'redhat' && !['fedora', 'amzn'].includes(ids[0] ?? '')
  const isOld = countsLikeRedHat && Number.parseInt(version, 10) < 9
  return { name: field('NAME'), version, family: isOld ? 'redhatOld' : family }
}

export function readDistribution(): Distribution {
  return parseDistribution(readTextIfPresent('/etc/os-release') ?? readTextIfPresent('/usr/lib/os-release') ?? '')
}

/** The configuration that the distribution's sshd package ships. */
export function packagedSshdConfig(
  { family }: Distribution,
  read: (path: string) => string | undefined = readTextIfPresent,
): string {
  const { packaged, lines }: SshDefaults = families[family]
  const copy = packaged.map(read).find(text => text !== undefined)
  return copy ?? `${lines.join('\n')}\n`
}

/** Whether a drop-in, by its name, came with a package or with an image, and not from an administrator. */
export function isVendorDropIn({ family }: Distribution, name: string): boolean {
  const { vendorDropIns }: SshDefaults = families[family]
  return vendorDropIns.some(pattern => pattern.test(name))
}
