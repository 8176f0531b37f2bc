import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { orderBundle } from '../../../certificate-bundle/chain.ts'
import { readPem } from '../../../certificate-bundle/pem.ts'
import { openTestAuthority } from '../../../certificate-bundle/testing-authority.ts'
import { run } from '../../host/run.ts'
import { readSettings } from '../settings/read-settings.ts'
import { openKeyVaultRig } from '../testing-rig.ts'
import { fileName, install, installedVersion, linkPath, removeDrafts } from './install.ts'
import { openRecords } from './records.ts'

const isRoot = process.getuid?.() === 0
const limits = { skip: isRoot ? false : 'needs root: a store belongs to root' }
const program = join(import.meta.dirname, 'testing-killed.ts')

test(
  'killed before any step of a renewal, the link leads to a whole certificate, and the next run ends it',
  limits,
  async t => {
    const authority = openTestAuthority()
    const folder = mkdtempSync(join(tmpdir(), 'lazuli-killed-'))
    t.after(() => {
      authority.close()
      rmSync(folder, { recursive: true })
    })
    const [old, next] = ['a', 'b'].map((name, number) => {
      authority.issue(name, { kind: 'ec' })
      const value = authority.read(`${name}.crt`) + authority.read(`${name}.key`)
      writeFileSync(join(folder, `${name}.value`), value)
      return { file: join(folder, `${name}.value`), value, version: String(number).repeat(32) }
    })
    if (!old || !next) return assert.fail()
    const url = 'https://v.vault.example.test/secrets/c'
    const wish = (store: string) => {
      const observed = [{ url, certificateStoreLocation: store, splitFiles: true, acls: [{ user: '12345' }] }]
      const [one] = readSettings({
        secretsManagementSettings: { aclEnabled: true, observedCertificates: observed },
      }).certificates
      return one ?? assert.fail()
    }
    /** Returns the number of steps. */
    async function installed(place: string, secret: typeof old): Promise<number> {
      let steps = 0
      const records = openRecords(`${place}-state`)
      const decode = async (text: string) => orderBundle(readPem(text))
      await install(wish(place), secret ?? assert.fail(), { records, run, decode, before: () => void steps++ })
      await records.save()
      return steps
    }
    const place = (name: number | string) => {
      mkdirSync(join(folder, `${name}-state`))
      return join(folder, String(name))
    }
    const measured = place('measured')
    await installed(measured, old)
    const steps = await installed(measured, next)
    assert.ok(steps > 20, String(steps))
    for (let step = 0; step < steps; step++) {
      const store = place(step)
      await installed(store, old)
      const args: string[] = [`${store}-state`, next.file, JSON.stringify(wish(store)), next.version, String(step)]
      assert.equal(spawnSync(process.execPath, [program, ...args]).signal, 'SIGKILL')
      const served = readFileSync(`${store}/v.c`, 'utf8')
      assert.ok(['CN=a.example.test', 'CN=b.example.test'].includes(new X509Certificate(served).subject))
      assert.match(served, /-----END PRIVATE KEY-----\n$/)
      assert.match(readFileSync(`${store}/v.c.split/certificate.pem`, 'utf8'), /-----END CERTIFICATE-----\n$/)
      removeDrafts([wish(store)])
      await installed(store, next)
      assert.equal(readlinkSync(`${store}/v.c`), `v.c.${next.version}`)
      assert.equal(new X509Certificate(readFileSync(`${store}/v.c`)).subject, 'CN=b.example.test')
      assert.deepEqual(
        readdirSync(store).sort(),
        [
          'v.c',
          'v.c.split',
          ...[old, next].flatMap(({ version }) => [`v.c.${version}`, `v.c.${version}.split`]),
        ].sort(),
      )
      assert.match(acl(`${store}/v.c.${next.version}`), /^user:12345:r--$/m)
    }
  },
)

test('a full disk keeps the old certificate, says so, and takes the new one when there is room', limits, async t => {
  const { issue, settings, start } = await openKeyVaultRig(t)
  const store = mounted(t, 'size=64k,mode=700')
  const first = issue('c')
  const { settled, pass, list } = start(settings({ c: {} }, { certificateStoreLocation: store }))
  await settled()
  const filler = `${store}/filler`
  assert.throws(() => {
    for (;;) appendFileSync(filler, Buffer.alloc(4096))
  }, /ENOSPC/)
  const second = issue('c')
  await pass()
  assert.match(list()[0]?.lastError ?? '', /ENOSPC/)
  assert.equal(readFileSync(`${store}/Kv1.c`, 'utf8'), first.pem)
  assert.deepEqual(readdirSync(store).sort(), ['Kv1.c', `Kv1.c.${first.version}`, 'filler'])
  rmSync(filler)
  await pass()
  assert.equal(readFileSync(`${store}/Kv1.c`, 'utf8'), second.pem)
  assert.equal(list()[0]?.lastError, '')
})

test('a store that can only be read is an error of its certificates, and others go on', limits, async t => {
  const { issue, settings, start, store } = await openKeyVaultRig(t)
  const readOnly = mounted(t, 'ro')
  issue('a')
  const { version } = issue('b')
  const { settled, list } = start(settings({ a: { certificateStoreLocation: readOnly }, b: {} }))
  const status = await settled()
  assert.equal(status.status, 'success')
  assert.deepEqual(
    status.substatus?.map(one => one.status),
    ['error', 'success'],
  )
  assert.match(list()[0]?.lastError ?? '', /EROFS/)
  assert.equal(readlinkSync(`${store}/Kv1.b`), `Kv1.b.${version}`)
})

test('what is torn, deleted or leads elsewhere is repaired; what is somebody else’s is left alone', limits, async t => {
  const { issue, settings, start, store } = await openKeyVaultRig(t)
  const { version, pem } = issue('c')
  issue('d')
  mkdirSync(store)
  writeFileSync(`${store}/Kv1.d`, 'mine')
  const old = `${store}/Kv1.c.8f7e-guid.1.1.PEM`
  writeFileSync(old, 'of version 2')
  symlinkSync('Kv1.c.8f7e-guid.1.1.PEM', `${store}/Kv1.c`)
  const { settled, loop, list } = start(settings({ c: {}, d: {} }))
  await settled()
  const file = `${store}/Kv1.c.${version}`
  assert.equal(readlinkSync(`${store}/Kv1.c`), `Kv1.c.${version}`)
  assert.equal(readFileSync(old, 'utf8'), 'of version 2')
  assert.equal(readFileSync(`${store}/Kv1.d`, 'utf8'), 'mine')
  assert.match(list()[1]?.lastError ?? '', /Kv1\.d is in the way: it is not a link/)
  for (const damage of [
    () => writeFileSync(file, pem.slice(0, 300)),
    () => rmSync(file),
    () => rmSync(`${store}/Kv1.c`),
    () => {
      rmSync(file)
      symlinkSync('/etc/passwd', file)
    },
  ]) {
    damage()
    loop.pollAll()
    await settled()
    assert.equal(readFileSync(`${store}/Kv1.c`, 'utf8'), pem)
    assert.equal(statSync(file).mode & 0o777, 0o600)
  }
})

test(
  'those who are named can read, through the folders too, and lose it when they are not named any more',
  limits,
  async t => {
    const { issue, settings, start, store, folder } = await openKeyVaultRig(t)
    const { version } = issue('c')
    const acls = [{ user: '12345' }, { group: '23456' }, { user: 'nobody-of-this-name' }]
    const first = start(settings({ c: { acls } }, { aclEnabled: true }))
    const { substatus } = await first.settled()
    assert.equal(substatus?.[0]?.status, 'warning')
    assert.match(substatus?.[0]?.message ?? '', /There is no user 'nobody-of-this-name' yet/)
    const file = `${store}/Kv1.c.${version}`
    assert.match(acl(file), /^user::rw-\nuser:12345:r--\ngroup::---\ngroup:23456:r--\nmask::r--\nother::---$/m)
    assert.match(acl(store), /^user:12345:--x$/m)
    execFileSync('chmod', ['755', folder])
    const reads = (uid: number, gid: number) =>
      spawnSync('cat', [`${store}/Kv1.c`], { uid, gid, encoding: 'utf8' }).stdout.includes('PRIVATE KEY')
    assert.deepEqual([reads(12345, 54321), reads(54321, 23456), reads(54321, 54321)], [true, true, false])
    await first.stop()

    const second = start(settings({ c: { acls: [{ group: '23456' }] } }, { aclEnabled: true }))
    await second.settled()
    assert.deepEqual([reads(12345, 54321), reads(54321, 23456)], [false, true])
    assert.doesNotMatch(acl(store), /user:12345/)
    await second.stop()
    const third = start(settings({ c: { acls } }, { aclEnabled: false }))
    await third.settled()
    assert.equal(reads(54321, 23456), false)
  },
)

test('split files change together with the link of their folder', limits, async t => {
  const { issue, settings, start, store } = await openKeyVaultRig(t)
  const { version, pem } = issue('c')
  const { settled } = start(settings({ c: { splitFiles: true } }))
  await settled()
  assert.equal(readlinkSync(`${store}/Kv1.c.split`), `Kv1.c.${version}.split`)
  const read = (part: string) => readFileSync(`${store}/Kv1.c.split/${part}.pem`, 'utf8')
  assert.equal(read('certificate') + read('chain') + read('key'), pem)
  assert.equal(statSync(`${store}/Kv1.c.split/key.pem`).mode & 0o777, 0o600)
})

/** A file system of its own in memory, unmounted when the test ends. */
function mounted(t: { after(step: () => void): void }, options: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'lazuli-mounted-'))
  execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder])
  t.after(() => {
    execFileSync('umount', [folder])
    rmSync(folder, { recursive: true })
  })
  return folder
}

/** Without comments, and with numbers for names. */
const acl = (path: string) => execFileSync('getfacl', ['-pcn', '--', path], { encoding: 'utf8' })

test('a pipe or a link in the place of a certificate holds nobody up, and shows nothing', limits, t => {
  const store = mkdtempSync(join(tmpdir(), 'lazuli-pipe-'))
  t.after(() => rmSync(store, { recursive: true }))
  const observed = [{ url: 'https://v.vault.example.test/secrets/c', certificateStoreLocation: store }]
  const [certificate] = readSettings({ secretsManagementSettings: { observedCertificates: observed } }).certificates
  if (!certificate) return assert.fail()
  const [piped, linked] = ['0', '1'].map(digit => fileName(certificate, digit.repeat(32)))
  execFileSync('mkfifo', [join(store, piped ?? '')])
  symlinkSync('/dev/zero', join(store, linked ?? ''))
  for (const name of [piped, linked]) {
    rmSync(linkPath(certificate), { force: true })
    symlinkSync(name ?? '', linkPath(certificate))
    assert.equal(installedVersion(certificate), undefined)
  }
})
