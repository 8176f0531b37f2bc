import assert from 'node:assert/strict'
import { lstatSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs'
import { test } from 'node:test'
import { openKeyVaultRig } from '../testing-rig.ts'

const limits = { skip: process.getuid?.() === 0 ? false : 'needs root: a store belongs to root' }
const started = (at = '2026-11-25T00:00:00Z') => `Successfully started Key Vault extension service. ${at}`

test('a certificate is installed under the names that were typed, whole and for root alone', limits, async t => {
  const { issue, settings, start, store, vault } = await openKeyVaultRig(t)
  const { version, pem } = issue('myCertificate', { kind: 'rsa', pfx: true })
  const { settled, list, log } = start(settings({ myCertificate: {} }))
  const status = await settled()
  const file = `Kv1.myCertificate.${version}`
  assert.deepEqual(readdirSync(store).sort(), ['Kv1.myCertificate', file])
  assert.equal(readlinkSync(`${store}/Kv1.myCertificate`), file)
  assert.equal(readFileSync(`${store}/Kv1.myCertificate`, 'utf8'), pem)
  assert.equal(statSync(`${store}/${file}`).mode & 0o7777, 0o600)
  assert.equal(statSync(store).mode & 0o7777, 0o700)
  const { notAfter } = list()[0]?.installed ?? assert.fail()
  assert.deepEqual(status, {
    ...{ operation: 'Service start.', status: 'success', code: 0, message: started() },
    substatus: [
      {
        ...{ name: 'Kv1.myCertificate', status: 'success', code: 0 },
        message: `Version ${version}, valid until ${notAfter}, is at ${store}/Kv1.myCertificate.`,
      },
    ],
  })
  assert.ok(log.includes(`<info> [CertificateManager] certificate file name: ${store}/${file}`), log.join('\n'))
  assert.deepEqual(vault.asked, ['/secrets/myCertificate'])
  assert.doesNotMatch(log.join('\n'), /PRIVATE KEY|good/)
})

test('what is asked for twice is fetched once, and two links lead to it', limits, async t => {
  const { issue, settings, start, store, vault } = await openKeyVaultRig(t)
  const { version } = issue('c')
  const wish = settings(
    {},
    {
      observedCertificates: ['a', 'b'].map(name => ({
        url: `${vault.origin}/secrets/c`,
        customSymbolicLinkName: name,
      })),
    },
  )
  await start(wish).settled()
  assert.deepEqual(vault.asked, ['/secrets/c'])
  assert.deepEqual([readlinkSync(`${store}/a`), readlinkSync(`${store}/b`)], [`Kv1.c.${version}`, `Kv1.c.${version}`])
  assert.deepEqual(readdirSync(store).sort(), [`Kv1.c.${version}`, 'a', 'b'])
})

test(
  'a renewal is installed beside the old version when the interval is over, and at once when somebody says so',
  limits,
  async t => {
    const { issue, settings, start, store, vault } = await openKeyVaultRig(t)
    const first = issue('c')
    const { settled, pass, loop, list } = start(settings({ c: {} }, { pollingIntervalInS: '3600' }))
    await settled()
    const second = issue('c')
    assert.equal(await pass(), 3420)
    assert.equal(readlinkSync(`${store}/Kv1.c`), `Kv1.c.${second.version}`)
    const third = issue('c')
    loop.changed([`${vault.origin.toUpperCase()}/secrets/C`, 'https://other.vault.example.test/secrets/c'])
    await settled()
    assert.equal(readlinkSync(`${store}/Kv1.c`), `Kv1.c.${third.version}`)
    assert.equal(list()[0]?.installed?.version, third.version)
    assert.deepEqual(readdirSync(store).sort(), [
      'Kv1.c',
      ...[first, second, third].map(({ version }) => `Kv1.c.${version}`).sort(),
    ])
    assert.equal(vault.asked.length, 3)
  },
)

test(
  'what needs all certificates waits in transition, keeps what is there, and ends well when all are',
  limits,
  async t => {
    const { issue, settings, start, store } = await openKeyVaultRig(t)
    issue('a')
    const { settled, pass, statuses } = start(settings({ a: {}, b: {} }, { requireInitialSync: true }))
    const status = await settled()
    assert.equal(status.status, 'transitioning')
    assert.match(
      status.message,
      /^Failed to download one or more certificates, retrying\.\.\. 1 of 2 are missing: kv1\.vault.* SecretNotFound/,
    )
    assert.ok(lstatSync(`${store}/Kv1.a`).isSymbolicLink())
    issue('b')
    assert.equal(await pass(), 5)
    assert.equal((await settled()).message, started())
    assert.deepEqual([...new Set(statuses.map(one => one.status))], ['transitioning', 'success'])
  },
)

test('after 25 retries with growing waits it is an error, which heals by itself', limits, async t => {
  const { issue, settings, start, vault } = await openKeyVaultRig(t)
  const { settled, pass, statuses } = start(settings({ a: {} }, { requireInitialSync: true }))
  await settled()
  const waits: number[] = []
  for (let retry = 1; retry <= 25; retry++) {
    assert.equal(statuses.at(-1)?.status, 'transitioning', `before retry ${retry}`)
    waits.push(await pass())
  }
  assert.deepEqual(waits.slice(0, 5), [5, 7, 9, 12, 17])
  assert.equal(waits.at(-1), 180)
  assert.equal(vault.asked.length, 26)
  const status = await settled()
  assert.equal(status.status, 'error')
  assert.match(
    status.message,
    /^Failed to download one or more certificates after 25 retries; it goes on trying\. 1 of 1 are missing: .*SecretNotFound/,
  )
  issue('a')
  await pass()
  assert.equal((await settled()).message, started())
})

test(
  'a vault that is away in any way changes nothing of what is installed, and is asked when it wants to be',
  limits,
  async t => {
    const { issue, settings, start, store, vault } = await openKeyVaultRig(t)
    const { version, pem } = issue('c')
    const { settled, pass, log, list } = start(settings({ c: {} }))
    await settled()
    const throttled = {
      status: 429,
      headers: { 'retry-after': '40' },
      body: { error: { code: 'Throttled', message: 'slow down' } },
    }
    const away: [reply: object, seconds: number, error: RegExp][] = [
      [throttled, 3420, /429 Throttled: slow down/],
      [{ status: 503, headers: { 'retry-after': new Date(Date.UTC(2026, 10, 26)).toUTCString() } }, 40, /503/],
      [{ status: 500, body: '<html>' }, 3600, /500 <html>/],
      [{ status: 200, body: { value: 'x', id: 'https://v/secrets/c/../../etc' } }, 9, /something that is no secret/],
      [
        { status: 200, body: { value: 'x', id: `https://v/secrets/c/${'0'.repeat(32)}` } },
        12,
        /neither PEM nor PKCS #12/,
      ],
      [
        { status: 403, body: { error: { code: 'Forbidden', message: 'no', innererror: { code: 'ForbiddenByRbac' } } } },
        17,
        /ForbiddenByRbac.*Key Vault Secrets User/,
      ],
    ]
    for (const [reply, seconds, error] of away) {
      vault.answer = (_path, token) => (token === '' ? undefined : (reply as never))
      assert.equal(await pass(), seconds, JSON.stringify(reply))
      assert.match(list()[0]?.lastError ?? '', error)
      assert.equal(readlinkSync(`${store}/Kv1.c`), `Kv1.c.${version}`)
      assert.equal(readFileSync(`${store}/Kv1.c`, 'utf8'), pem)
    }
    vault.answer = undefined
    for (const [way, error] of [
      ['without a name', /ENOTFOUND/],
      ['to a stranger', /cannot be reached: .*certificate/],
    ] as const) {
      vault.way = way
      await pass()
      assert.match(list()[0]?.lastError ?? '', error)
      assert.equal(readlinkSync(`${store}/Kv1.c`), `Kv1.c.${version}`)
    }
    vault.way = 'well'
    const later = issue('c')
    await pass()
    assert.equal(readlinkSync(`${store}/Kv1.c`), `Kv1.c.${later.version}`)
    assert.equal(list()[0]?.lastError, '')
    assert.equal((await settled()).status, 'success')
    assert.match(log.join('\n'), /<error> \[CertificateManager\] Refreshing 'https:\/\/Kv1.* failed with exception: /)
  },
)
