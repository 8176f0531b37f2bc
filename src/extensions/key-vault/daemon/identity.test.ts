import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { openKeyVaultRig } from '../testing-rig.ts'
import { resource } from '../testing-vault.ts'

const limits = { skip: process.getuid?.() === 0 ? false : 'needs root: a store belongs to root' }
const clientId = '00001111-aaaa-2222-bbbb-3333cccc4444'

const tokenOf = (owner: string) =>
  `e30.${Buffer.from(JSON.stringify({ xms_mirid: owner })).toString('base64url')}.signature`

test(
  'a token is asked for the vault’s resource without a slash, once, and anew when the vault refuses it',
  limits,
  async t => {
    const { issue, settings, start, vault } = await openKeyVaultRig(t)
    issue('a')
    issue('b')
    vault.challenge = `Bearer authorization="https://login.example.test/t", resource="${resource}/"`
    const { settled, loop, list } = start(settings({ a: {} }))
    await settled()
    assert.deepEqual(Object.fromEntries(vault.tokensAsked[0] ?? []), { 'api-version': '2018-02-01', resource })
    loop.pollAll()
    await settled()
    assert.equal(vault.tokensAsked.length, 1)
    let refusals = 1
    vault.answer = (_path, token) =>
      token !== '' && refusals-- > 0
        ? {
            status: 401,
            headers: { 'www-authenticate': vault.challenge },
            body: { error: { code: 'Unauthorized', message: 'expired' } },
          }
        : undefined
    loop.pollAll()
    await settled()
    assert.equal(vault.tokensAsked.length, 2)
    assert.equal(list()[0]?.lastError, '')
  },
)

test('whoever is not the vault that the token would be for gets none', limits, async t => {
  const { settings, start, vault } = await openKeyVaultRig(t)
  for (const wanted of [
    'https://management.azure.com',
    'https://ample.test',
    'api://x',
    'http://vault.example.test',
    'https://kv1.vault.example.test',
  ]) {
    vault.challenge = `Bearer authorization="https://login.example.test/t", resource="${wanted}"`
    const { settled, list, stop } = start(settings({ a: {} }))
    const status = await settled()
    assert.equal(status.status, 'error')
    assert.match(list()[0]?.lastError ?? '', /which is not its own domain; it gets none/)
    await stop()
  }
  assert.equal(vault.tokensAsked.length, 0)
})

test('a machine with a user-assigned identity has to say which one it means', limits, async t => {
  const { issue, settings, start, vault, store } = await openKeyVaultRig(t)
  issue('a')
  vault.token = query => ({
    status: 200,
    body: {
      expires_in: '3600',
      access_token:
        query.get('client_id') === clientId
          ? 'good'
          : tokenOf('/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/i'),
    },
  })
  const first = start(settings({ a: {} }))
  const { status, message } = await first.settled()
  assert.equal(status, 'error')
  assert.match(message, /user-assigned identity.*authenticationSettings\.msiEndpoint and msiClientId/)
  assert.equal(existsSync(`${store}/Kv1.a`), false)
  await first.stop()
  const second = start(settings({ a: { authenticationOverride: { msiClientId: clientId } } }))
  assert.equal((await second.settled()).status, 'success')
})

test('what the metadata service says against an identity stands in the status, with what to do', limits, async t => {
  const { issue, settings, start, vault } = await openKeyVaultRig(t)
  issue('a')
  const refused = (error_description: string) => ({
    status: 400,
    body: { error: 'invalid_request', error_description },
  })
  vault.token = () => refused('Identity not found.')
  // It may be on its way to the machine.
  const waiting = start(
    settings({ a: { authenticationOverride: { msiClientId: clientId } } }, { requireInitialSync: true }),
  )
  const { status, message } = await waiting.settled()
  assert.equal(status, 'transitioning')
  assert.match(message, /Identity not found\. Is .* client id \(not the object id\)/)
  vault.token = undefined
  await waiting.pass()
  assert.equal((await waiting.settled()).status, 'success')
  await waiting.stop()

  // The settings have to change.
  vault.token = () => refused('Multiple user assigned identities exist, please specify the clientId')
  const lost = await start(settings({ b: {} }, { requireInitialSync: true })).settled()
  assert.match(lost.message, /Multiple user .* Attempt to get non-existent AuthConfig: set authenticationSettings\./)
  assert.equal(lost.substatus?.[0]?.status, 'error')
})

test('each kind of refusal comes with what helps against it', limits, async t => {
  const { settings, start, vault } = await openKeyVaultRig(t)
  const { settled, loop, list } = start(settings({ a: {} }))
  for (const [code, hint] of [
    ['ForbiddenByRbac', /no\. The identity needs the role Key Vault Secrets User, or the permission secrets\/get$/],
    ['SecretDisabled', /no\. The certificate, .* has been disabled in the vault: enable it there$/],
    ['ForbiddenByFirewall', /no\. The vault's firewall/],
    ['ForbiddenByConnection', /no\. The vault has no public access/],
    ['SomethingElse', /: no$/],
  ] as const) {
    const body = { error: { code: 'Forbidden', message: 'no.', innererror: { code } } }
    vault.answer = (_path, token) => (token === '' ? undefined : { status: 403, body })
    loop.pollAll()
    await settled()
    assert.match(list()[0]?.lastError ?? '', hint)
  }
})

test('a certificate that has expired is an error, whoever could be asked', limits, async t => {
  const { issue, settings, start } = await openKeyVaultRig(t)
  issue('a')
  const { settled, setClock, loop } = start(settings({ a: {} }))
  await settled()
  setClock(10 * 365 * 86_400_000)
  loop.pollAll()
  const { substatus } = await settled()
  assert.equal(substatus?.[0]?.status, 'error')
  assert.match(substatus?.[0]?.message ?? '', /, which ended .*Z, is at .*\. The vault has no newer one\.$/)
})

test('on Arc the key that is named is shown, and no other file is read', limits, async t => {
  const { issue, settings, start, vault, folder } = await openKeyVaultRig(t)
  issue('a')
  const keys = `${folder}/tokens`
  mkdirSync(keys)
  writeFileSync(`${keys}/abc.key`, 'the key\n')
  writeFileSync(`${folder}/secret.key`, 'secret')
  symlinkSync(`${folder}/secret.key`, `${keys}/link.key`)
  writeFileSync(`${keys}/long.key`, 'x'.repeat(4097))
  let named = ''
  const shown: string[] = []
  vault.token = (_query, headers) => {
    if (headers.authorization === undefined)
      return { status: 401, headers: { 'www-authenticate': `Basic realm=${named}` } }
    shown.push(headers.authorization)
    return { status: 200, body: { access_token: 'good', expires_in: '3600' } }
  }
  for (const bad of [
    'secret.key',
    'tokens/../secret.key',
    'tokens/link.key',
    'tokens/long.key',
    'tokens/abc.txt',
    'tokens/none.key',
  ]) {
    named = `${folder}/${bad}`
    const { settled, stop, list } = start(settings({ a: {} }))
    await settled()
    assert.match(list()[0]?.lastError ?? '', /metadata service/, bad)
    await stop()
  }
  assert.deepEqual(shown, [])
  named = `${keys}/abc.key`
  const { settled } = start(settings({ a: {} }))
  assert.equal((await settled()).substatus?.[0]?.status, 'success')
  assert.deepEqual(shown, ['Basic the key'])
})

test('a clock that jumps has everything asked for again', limits, async t => {
  const { issue, settings, start, store, vault } = await openKeyVaultRig(t)
  issue('a')
  const { settled, setClock, pass } = start(settings({ a: {} }))
  await settled()
  for (const jump of [86_400_000 * 400, -86_400_000 * 800]) {
    const { version } = issue('a')
    setClock(jump)
    assert.ok((await pass()) <= 60)
    assert.equal(readlinkSync(`${store}/Kv1.a`), `Kv1.a.${version}`)
  }
  assert.equal(vault.tokensAsked.length, 3)
})
