/**
 * What an image is made of, over the distribution's minimal set: what a server has on Azure, and nothing that boots for
 * no reason. A change here changes the recipe's hash, so that a new image is built and old machines keep theirs.
 */

export type RecipeFile = { readonly path: string; readonly mode: number; readonly text: string }

export type Recipe = {
  readonly packages: readonly string[]
  /** Not unpacked, by the pattern of dpkg's path-exclude. */
  readonly excludedPaths: readonly string[]
  /** Units that make no sense in a machine without hardware, or that would only slow its start down. */
  readonly maskedUnits: readonly string[]
  readonly files: readonly RecipeFile[]
}

/**
 * The kernel tells nobody but init's parent whether a machine goes down for good or for a new start, and that parent is
 * not us. So the last program that runs in a machine leaves this file when it is to come back.
 */
export const rebootMarker = '.reboot-requested'

export const serverRecipe: Recipe = {
  packages: [
    ...['systemd-sysv', 'dbus', 'libpam-systemd', 'libnss-myhostname'],
    ...['openssh-server', 'sudo', 'acl', 'e2fsprogs', 'iproute2', 'procps'],
    ...['ca-certificates', 'curl', 'jq'],
  ],
  excludedPaths: ['/usr/share/doc/*', '/usr/share/man/*', '/usr/share/info/*', '/usr/share/locale/*'],
  maskedUnits: [
    ...['apt-daily.timer', 'apt-daily-upgrade.timer', 'dpkg-db-backup.timer', 'e2scrub_all.timer', 'fstrim.timer'],
    ...['e2scrub_reap.service', 'systemd-timesyncd.service', 'systemd-resolved.service', 'systemd-networkd.service'],
    ...['systemd-networkd-wait-online.service', 'systemd-random-seed.service', 'systemd-pstore.service'],
    ...['systemd-remount-fs.service', 'systemd-firstboot.service', 'systemd-machine-id-commit.service'],
    ...['systemd-udev-trigger.service', 'systemd-udevd.service', 'modprobe@.service', 'kmod-static-nodes.service'],
    ...['console-getty.service', 'getty.target', 'systemd-ask-password-wall.path', 'systemd-ask-password-console.path'],
    ...['dev-hugepages.mount', 'dev-mqueue.mount', 'sys-kernel-debug.mount', 'sys-kernel-tracing.mount'],
    ...['sys-kernel-config.mount', 'sys-fs-fuse-connections.mount', 'proc-sys-fs-binfmt_misc.automount'],
    ...['systemd-sysctl.service', 'systemd-modules-load.service', 'systemd-update-utmp.service'],
    ...['systemd-update-utmp-runlevel.service', 'systemd-sysusers.service', 'ldconfig.service', 'rescue-ssh.target'],
  ],
  files: [
    // The journal lives and dies with the running machine: it would be most of what a machine writes to disk.
    {
      path: '/etc/systemd/journald.conf.d/10-lazuli.conf',
      mode: 0o644,
      text: '[Journal]\nStorage=volatile\nRuntimeMaxUse=16M\n',
    },
    {
      path: '/usr/lib/systemd/system-shutdown/lazuli-reboot',
      mode: 0o755,
      text: `#!/bin/sh\nif [ "$1" = reboot ]; then : > /${rebootMarker}; fi\n`,
    },
  ],
}
