import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Family, isVendorDropIn, packagedSshdConfig, parseDistribution } from './distribution.ts'
import { readsDropIn } from './sshd-config.ts'

/** Of /etc/os-release: what tells distributions apart. */
const systems: readonly (readonly [osRelease: string, family: Family, sftp: string, dropIns: boolean])[] = [
  ['NAME="Debian GNU/Linux"\nVERSION_ID="12"\nID=debian', 'debian', '/usr/lib/openssh/sftp-server', true],
  ['NAME="Ubuntu"\nVERSION_ID="22.04"\nID=ubuntu\nID_LIKE=debian', 'debian', '/usr/lib/openssh/sftp-server', true],
  ['NAME="Ubuntu"\nVERSION_ID="24.04"\nID=ubuntu\nID_LIKE=debian', 'debian', '/usr/lib/openssh/sftp-server', true],
  [
    'NAME="Kali GNU/Linux"\nID=kali\nVERSION_ID="2024.1"\nID_LIKE=debian',
    'debian',
    '/usr/lib/openssh/sftp-server',
    true,
  ],
  [
    'NAME="Red Hat Enterprise Linux"\nID="rhel"\nID_LIKE="fedora"\nVERSION_ID="9.4"',
    'redhat',
    '/usr/libexec/openssh/sftp-server',
    true,
  ],
  [
    'NAME="Red Hat Enterprise Linux"\nID="rhel"\nVERSION_ID="8.10"',
    'redhatOld',
    '/usr/libexec/openssh/sftp-server',
    false,
  ],
  [
    'NAME="CentOS Linux"\nID="centos"\nID_LIKE="rhel fedora"\nVERSION_ID="7"',
    'redhatOld',
    '/usr/libexec/openssh/sftp-server',
    false,
  ],
  [
    'NAME="AlmaLinux"\nID="almalinux"\nID_LIKE="rhel centos fedora"\nVERSION_ID="9.3"',
    'redhat',
    '/usr/libexec/openssh/sftp-server',
    true,
  ],
  [
    'NAME="Rocky Linux"\nID="rocky"\nID_LIKE="rhel centos fedora"\nVERSION_ID="8.9"',
    'redhatOld',
    '/usr/libexec/openssh/sftp-server',
    false,
  ],
  [
    'NAME="Oracle Linux Server"\nID="ol"\nID_LIKE="fedora"\nVERSION_ID="9.3"',
    'redhat',
    '/usr/libexec/openssh/sftp-server',
    true,
  ],
  ['NAME="Fedora Linux"\nID=fedora\nVERSION_ID=40', 'redhat', '/usr/libexec/openssh/sftp-server', true],
  [
    'NAME="Amazon Linux"\nID="amzn"\nID_LIKE="fedora"\nVERSION_ID="2023"',
    'redhat',
    '/usr/libexec/openssh/sftp-server',
    true,
  ],
  ['NAME="SLES"\nVERSION_ID="15.5"\nID="sles"\nID_LIKE="suse"', 'suse', '/usr/lib/ssh/sftp-server', true],
  [
    'NAME="openSUSE Tumbleweed"\nID="opensuse-tumbleweed"\nID_LIKE="opensuse suse"',
    'suse',
    '/usr/lib/ssh/sftp-server',
    true,
  ],
  ['NAME="Microsoft Azure Linux"\nID=azurelinux\nVERSION_ID="3.0"', 'azureLinux', '/usr/libexec/sftp-server', false],
  ['NAME="Common Base Linux Mariner"\nID=mariner\nVERSION_ID="2.0"', 'azureLinux', '/usr/libexec/sftp-server', false],
  ['NAME="Arch Linux"\nID=arch', 'arch', '/usr/lib/ssh/sftp-server', true],
  ['NAME="Alpine Linux"\nID=alpine\nVERSION_ID=3.19.1', 'alpine', 'internal-sftp', true],
  ["NAME='Some Remix'\nID=remix\nID_LIKE='ubuntu debian'", 'debian', '/usr/lib/openssh/sftp-server', true],
  ['NAME="Nobody Knows"\nID=unknown', 'other', 'internal-sftp', true],
]
for (const [osRelease, family, sftp, dropIns] of systems) {
  const distribution = parseDistribution(osRelease)
  test(`${distribution.name} ${distribution.version} is known, and what its sshd package ships`, () => {
    assert.equal(distribution.family, family)
    const config = packagedSshdConfig(distribution, () => undefined)
    assert.match(config, new RegExp(`^Subsystem sftp ${sftp}$`, 'm'))
    assert.equal(readsDropIn(config), dropIns)
  })
}

test("a package's own copy is better than what we know of it", () => {
  const debian = parseDistribution('ID=debian')
  const read = (path: string) => (path === '/usr/share/openssh/sshd_config' ? 'the copy\n' : undefined)
  assert.equal(packagedSshdConfig(debian, read), 'the copy\n')
})

test("drop-ins of packages and images are told from an administrator's", () => {
  const redhat = parseDistribution('ID=rhel\nVERSION_ID=9.4')
  const vendors = ['50-redhat.conf', '40-redhat-crypto-policies.conf', '50-cloud-init.conf', '01-permitrootlogin.conf']
  for (const name of vendors) assert.equal(isVendorDropIn(redhat, name), true, name)
  for (const name of ['10-hardening.conf', 'redhat.conf', '50-cloud-init.conf.bak'])
    assert.equal(isVendorDropIn(redhat, name), false, name)
})
