import { quotedWord, unitText } from '../host/systemd.ts'

export const name = 'lazuli-managed-identity'

/** Both addresses that `localhost` may mean. A machine without IPv6 has no socket for the second. */
export const socketUnit = (port: number, { ipv6 }: { ipv6: boolean }): string =>
  unitText(
    '[Unit]',
    'Description=Endpoint for tokens of the managed identity',
    '',
    '[Socket]',
    `ListenStream=127.0.0.1:${port}`,
    ...(ipv6 ? [`ListenStream=[::1]:${port}`] : []),
    // IPv6 may be switched off later, which must not take IPv4 along.
    'FreeBind=yes',
    '',
    '[Install]',
    'WantedBy=sockets.target',
  )

/** How the program becomes somebody who may do nothing: systemd makes a user up, or setpriv(1), at this path, takes a number. */
export type Demotion = { readonly by: 'systemd' } | { readonly by: 'setpriv'; readonly path: string }

/** In systemd's range for dynamic users, so nobody's account. */
const unnamedUser = 61_184

/** The program needs its sockets, the way to 169.254.169.254, and nothing else of the machine. */
export const serviceUnit = (command: readonly string[], demotion: Demotion): string =>
  unitText(
    '[Unit]',
    'Description=Tokens of the managed identity',
    'StartLimitIntervalSec=0',
    '',
    '[Service]',
    `ExecStart=${[...demoting(demotion), ...command, 'serve'].map(quotedWord).join(' ')}`,
    'Restart=always',
    'RestartSec=1',
    ...(demotion.by === 'systemd' ? ['DynamicUser=yes'] : []),
    'NoNewPrivileges=yes',
    `CapabilityBoundingSet=${demotion.by === 'setpriv' ? 'CAP_SETUID CAP_SETGID CAP_SETPCAP' : ''}`,
    'RestrictAddressFamilies=AF_INET AF_INET6',
    'IPAddressDeny=any',
    'IPAddressAllow=localhost 169.254.169.254',
    'ProtectSystem=strict',
    'ProtectHome=yes',
    'PrivateTmp=yes',
    'PrivateDevices=yes',
    'ProtectProc=invisible',
    'ProtectClock=yes',
    'ProtectControlGroups=yes',
    'ProtectHostname=yes',
    'ProtectKernelLogs=yes',
    'ProtectKernelModules=yes',
    'ProtectKernelTunables=yes',
    'LockPersonality=yes',
    'RestrictNamespaces=yes',
    'RestrictRealtime=yes',
    'RestrictSUIDSGID=yes',
    'SystemCallArchitectures=native',
    'SystemCallFilter=@system-service',
    // libuv tries out calls that are newer than the list.
    'SystemCallErrorNumber=EPERM',
    'UMask=0077',
    'TasksMax=64',
    'MemoryMax=256M',
  )

function demoting(demotion: Demotion): string[] {
  if (demotion.by === 'systemd') return []
  const nothing = ['--clear-groups', '--inh-caps=-all', '--bounding-set=-all', '--no-new-privs']
  return [demotion.path, `--reuid=${unnamedUser}`, `--regid=${unnamedUser}`, ...nothing, '--']
}
