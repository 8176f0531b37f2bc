import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ownArchives, parseDistribution } from './apt-sources.ts'

const bookworm = { id: 'debian', codename: 'bookworm', name: 'Debian GNU/Linux', version: '12' }
const jammy = { id: 'ubuntu', codename: 'jammy', name: 'Ubuntu', version: '22.04' }

test('os-release gives the distribution, and none when there is no code name', () => {
  const text = 'NAME="Debian GNU/Linux"\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\nID=debian\n'
  assert.deepEqual(parseDistribution(text), bookworm)
  assert.equal(parseDistribution('ID=arch\nNAME="Arch Linux"\n'), undefined)
})

test('deb822 stanzas give one archive per suite, with the key that signs it', () => {
  const text = `Types: deb deb-src
# a comment between fields
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
 bookworm-backports
Components: main contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main
Enabled: no
`
  assert.deepEqual(ownArchives([{ name: 'debian.sources', text }], bookworm), [
    'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://mirror.example/debian bookworm main',
    'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://mirror.example/debian bookworm-updates main',
  ])
})

test('one-line sources are read with and without options, comments and duplicates left out', () => {
  const text = `# deb http://mirror.example/old jammy main
deb http://mirror.example/ubuntu jammy main restricted universe # the archive
deb [arch=amd64 signed-by=/usr/share/keyrings/ubuntu-archive-keyring.gpg] http://mirror.example/ubuntu jammy-security main
deb http://mirror.example/ubuntu jammy main restricted universe
deb-src http://mirror.example/ubuntu jammy main
`
  assert.deepEqual(ownArchives([{ name: 'sources.list', text }], jammy), [
    'deb http://mirror.example/ubuntu jammy main universe',
    'deb [signed-by=/usr/share/keyrings/ubuntu-archive-keyring.gpg] http://mirror.example/ubuntu jammy-security main',
  ])
})

test("a vendor's repository is left out even when it uses the distribution's suite name", () => {
  const text = `deb [signed-by=/usr/share/keyrings/vendor.gpg] https://vendor.example bookworm main
deb https://vendor.example bookworm stable
deb https://vendor.example nodistro main
`
  assert.deepEqual(ownArchives([{ name: 'vendor.list', text }], bookworm), [])
})
