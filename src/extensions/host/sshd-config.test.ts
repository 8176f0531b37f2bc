import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { StoredFile } from './files.ts'
import {
  admissions,
  dropInFile,
  dropInFolder,
  mainFile,
  readsDropIn,
  resetFiles,
  type SshFiles,
  withAdmissions,
  withDropInFolder,
  writtenPorts,
} from './sshd-config.ts'

const stored = (text: string, mode = 0o644): StoredFile => ({ content: Buffer.from(text), mode, uid: 0, gid: 0 })
const filesOf = (texts: Record<string, string>): SshFiles =>
  new Map(Object.entries(texts).map(([path, text]) => [path, stored(text)]))
const textsOf = (files: SshFiles) =>
  Object.fromEntries([...files].map(([path, { content }]) => [path, content.toString()]))
const bob = new Map([['bob', { passwordauthentication: 'yes', kbdinteractiveauthentication: 'no' }]])
const heading = '# For the users that the VMAccess extension gave access to. Removed with restore_backup_ssh.'

/** The main files of distributions, as their packages ship them, cut to what matters here. */
const layouts: readonly (readonly [name: string, main: string, readsDropIns: boolean])[] = [
  [
    'Debian 12 and Ubuntu 22.04',
    'Include /etc/ssh/sshd_config.d/*.conf\nKbdInteractiveAuthentication no\nUsePAM yes\n',
    true,
  ],
  [
    'Ubuntu 18.04',
    'ChallengeResponseAuthentication no\nUsePAM yes\nSubsystem sftp /usr/lib/openssh/sftp-server\n',
    false,
  ],
  [
    'RHEL 9',
    '# To modify the system-wide sshd configuration, create a *.conf file under\nInclude /etc/ssh/sshd_config.d/*.conf\n',
    true,
  ],
  ['RHEL 8', 'HostKey /etc/ssh/ssh_host_rsa_key\nSyslogFacility AUTHPRIV\nUsePAM yes\n', false],
  ['openSUSE Leap 15.5', '#Include /etc/ssh/sshd_config.d/*.conf\nUsePAM yes\n', false],
  ['SLES 15 SP5', 'Include /etc/ssh/sshd_config.d/*.conf\nUsePAM yes\n', true],
  ['Alpine 3.19', 'include /etc/ssh/sshd_config.d/*.conf\nAllowTcpForwarding no\n', true],
  ['a relative Include', 'Include sshd_config.d/*.conf\n', true],
  ['an Include among others', 'Include "/etc/crypto.config" /etc/ssh/sshd_config.d/*\n', true],
  ['an Include within a Match', 'Match User alice\n  Include /etc/ssh/sshd_config.d/*.conf\n', false],
  ['an Include of other names', 'Include /etc/ssh/sshd_config.d/9*.conf\n', false],
]
for (const [name, main, readsDropIns] of layouts) {
  test(`${name} ${readsDropIns ? 'reads' : 'does not read'} drop-ins, and is added to accordingly`, () => {
    assert.equal(readsDropIn(main), readsDropIns)
    const files = filesOf({ [mainFile]: main })
    const changed = withAdmissions(files, bob)
    assert.deepEqual(admissions(changed), bob)
    assert.equal(changed.get(mainFile)?.content.toString() === main, readsDropIns)
    assert.equal(changed.has(dropInFile), readsDropIns)
    assert.deepEqual(textsOf(withAdmissions(changed, new Map())), { [mainFile]: main })
  })
}

test('without drop-ins our part stands before the first Match, and ends with one for all', () => {
  const main = 'Port 22\n\nMatch Group sftp\n    ChrootDirectory /srv\n'
  const [text = ''] = Object.values(textsOf(withAdmissions(filesOf({ [mainFile]: main }), bob)))
  assert.equal(
    text,
    `Port 22

# BEGIN Lazuli VMAccess
${heading}
Match User bob
    PasswordAuthentication yes
    KbdInteractiveAuthentication no
Match all
# END Lazuli VMAccess
Match Group sftp
    ChrootDirectory /srv
`,
  )
})

const vendorLayouts: readonly (readonly [name: string, vendor: string, files: readonly string[]])[] = [
  [
    'openSUSE Tumbleweed and SLES 16',
    'Include /etc/ssh/sshd_config.d/*.conf\nInclude /usr/etc/ssh/sshd_config.d/*.conf\nUsePAM yes\n',
    [dropInFile],
  ],
  ['a vendor without drop-ins', 'UsePAM yes\n', [mainFile]],
]
for (const [name, vendor, files] of vendorLayouts) {
  test(`where there is no main file but the vendor's, that one is not touched: ${name}`, () => {
    const changed = withAdmissions(new Map(), bob, vendor)
    assert.deepEqual([...changed.keys()], files)
    assert.deepEqual(admissions(changed), bob)
    if (changed.has(mainFile)) assert.ok(changed.get(mainFile)?.content.toString().startsWith(vendor))
    assert.deepEqual(withAdmissions(new Map(), new Map(), vendor), new Map())
  })
}

test('a file that does not end its last line is not glued to ours', () => {
  const [text = ''] = Object.values(textsOf(withAdmissions(filesOf({ [mainFile]: 'UsePAM yes' }), bob)))
  assert.match(text, /^UsePAM yes\n# BEGIN/)
})

test('when sshd starts to read drop-ins, our part moves there', () => {
  const files = withAdmissions(filesOf({ [mainFile]: 'UsePAM yes\n' }), bob)
  const main = files.get(mainFile) ?? assert.fail()
  const updated = new Map(files).set(mainFile, {
    ...main,
    content: Buffer.from(`Include sshd_config.d/*.conf\n${main.content}`),
  })
  const changed = textsOf(withAdmissions(updated, bob))
  assert.equal(changed[mainFile], 'Include sshd_config.d/*.conf\nUsePAM yes\n')
  assert.match(changed[dropInFile] ?? '', /^Match User bob$/m)
})

test('a candidate reads its own drop-ins and nothing else of the machine differs', () => {
  const main =
    '# Include /etc/ssh/sshd_config.d/*.conf\n  include sshd_config.d/*.conf /etc/crypto.config\nUsePAM yes\n'
  assert.equal(
    withDropInFolder(main, '/state/x'),
    '# Include /etc/ssh/sshd_config.d/*.conf\nInclude /state/x/*.conf /etc/crypto.config\nUsePAM yes\n',
  )
})

test('a reset keeps what vendors brought, our users and the ports', () => {
  const files = withAdmissions(
    filesOf({
      [mainFile]: 'Include /etc/ssh/sshd_config.d/*.conf\nPort 2222\nAllowUsers alice\n',
      [`${dropInFolder}/50-cloud-init.conf`]: 'PasswordAuthentication no\n',
      [`${dropInFolder}/10-hardening.conf`]: 'DenyUsers *\n',
    }),
    bob,
  )
  const packaged = 'Include /etc/ssh/sshd_config.d/*.conf\nUsePAM yes'
  const reset = resetFiles(files, { packaged, keep: path => path.endsWith('50-cloud-init.conf'), ports: [2222] })
  const { [dropInFile]: own = '', ...others } = textsOf(reset)
  assert.deepEqual(others, {
    [mainFile]: `Port 2222\n${packaged}\n`,
    [`${dropInFolder}/50-cloud-init.conf`]: 'PasswordAuthentication no\n',
  })
  assert.deepEqual(admissions(new Map([[dropInFile, stored(own)]])), bob)
  assert.equal(textsOf(resetFiles(files, { packaged, keep: () => false, ports: [22] }))[mainFile], `${packaged}\n`)
})

test('the ports of a configuration that sshd refuses can still be read', () => {
  const files = filesOf({
    [mainFile]: 'Nonsense yes\nPort 2200\nport=2201\nPort many\nListenAddress [::1]:2202\nListenAddress 10.0.0.4\n',
    [`${dropInFolder}/10-ports.conf`]: 'Port 2203\nMatch User alice\n    Port 2204\n',
  })
  assert.deepEqual(writtenPorts(files), [2200, 2201, 2202, 2203])
})
