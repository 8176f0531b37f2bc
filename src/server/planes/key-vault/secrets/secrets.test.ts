import assert from 'node:assert/strict'
import { test } from 'node:test'
import { beginning, openVault } from '../testing-vault.ts'

const at = beginning
const version = (id: unknown) => String(id).split('/').at(-1) ?? ''
const idOf = (body: unknown) => (body as { id: string }).id

test('a secret is set, read, changed and listed, and each answer has the shape of its version', async t => {
  const { ask, forwardBy } = await openVault(t)
  const set = await ask('PUT', '/secrets/Door-1?api-version=2025-07-01', {
    body: { value: 'open', contentType: 'text/plain', tags: { a: 'b' }, attributes: { nbf: 5, exp: 10 } },
  })
  const first = version(idOf(set.body))
  const attributes = {
    enabled: true,
    nbf: 5,
    exp: 10,
    created: at,
    updated: at,
    recoveryLevel: 'Recoverable+Purgeable',
    recoverableDays: 90,
  }
  const secret = {
    value: 'open',
    id: `https://safe.vault.azure.net/secrets/Door-1/${first}`,
    contentType: 'text/plain',
    attributes,
    tags: { a: 'b' },
  }
  assert.match(first, /^[0-9a-f]{32}$/)
  assert.deepEqual([set.status, set.body], [200, secret])

  // Names are compared without regard to case, and the latest version has a trailing slash in some clients.
  assert.deepEqual((await ask('GET', '/secrets/DOOR-1/?api%2Dversion=7.6')).body, secret)
  assert.deepEqual((await ask('GET', '//secrets/door-1?api-version=7.0')).body, {
    ...secret,
    attributes: { enabled: true, nbf: 5, exp: 10, created: at, updated: at, recoveryLevel: 'Recoverable+Purgeable' },
  })
  assert.deepEqual((await ask('GET', `/secrets/door-1/${first}?api-version=2016-10-01`)).body, {
    ...secret,
    attributes: { enabled: true, nbf: 5, exp: 10, created: at, updated: at, recoveryLevel: 'Purgeable' },
  })

  forwardBy(2)
  const { value: _value, ...shown } = secret
  const changed = await ask('PATCH', `/secrets/door-1/${first}`, { body: { attributes: { enabled: false } } })
  assert.deepEqual(changed.body, { ...shown, attributes: { ...attributes, enabled: false, updated: at + 2 } })
  const disabled = await ask('GET', '/secrets/door-1')
  assert.deepEqual(
    [disabled.status, disabled.body],
    [
      403,
      {
        error: {
          code: 'Forbidden',
          message: 'Operation get is not allowed on a disabled secret.',
          innererror: { code: 'SecretDisabled' },
        },
      },
    ],
  )

  const second = await ask('PUT', '/secrets/door-1?api-version=2025-07-01', { body: { value: 'shut' } })
  assert.equal((second.body as { previousVersion: string }).previousVersion, first)
  const list = await ask('GET', '/secrets')
  assert.deepEqual(list.body, {
    value: [
      {
        id: 'https://safe.vault.azure.net/secrets/Door-1',
        attributes: {
          enabled: true,
          created: at + 2,
          updated: at + 2,
          recoveryLevel: 'Recoverable+Purgeable',
          recoverableDays: 90,
        },
      },
    ],
    nextLink: null,
  })
  const versions = (await ask('GET', '/secrets/door-1/versions')).body as { value: { id: string }[] }
  assert.deepEqual(
    versions.value.map(({ id }) => version(id)),
    [first, version(idOf(second.body))].sort(),
  )
})

test('lists come in pages that lead to the next', async t => {
  const { ask } = await openVault(t)
  const names = ['a', 'b', 'c', 'd', 'e'].map(letter => `s-${letter}`)
  for (const name of names) await ask('PUT', `/secrets/${name}`, { body: { value: name } })
  const seen: string[] = []
  let next: string | null = '/secrets?maxresults=2'
  let pages = 0
  while (next !== null) {
    const { value, nextLink } = (await ask('GET', next)).body as { value: { id: string }[]; nextLink: string | null }
    seen.push(...value.map(({ id }) => version(id)))
    next = nextLink
    pages++
  }
  assert.deepEqual([seen, pages], [names, 3])
  for (const wrong of ['0', '26', 'x', '1.5']) {
    const { status, body } = await ask('GET', `/secrets?maxresults=${wrong}`)
    assert.deepEqual(
      [status, body],
      [400, { error: { code: 'BadParameter', message: 'maxresults must be between 1 and 25' } }],
    )
  }
})

test('a deleted secret keeps its name, can be seen and taken back, and goes for good when purged', async t => {
  const { ask, forwardBy } = await openVault(t, { properties: { softDeleteRetentionInDays: 7 } })
  const set = await ask('PUT', '/secrets/s', { body: { value: 'v' } })
  const attributes = {
    enabled: true,
    created: at,
    updated: at,
    recoveryLevel: 'CustomizedRecoverable+Purgeable',
    recoverableDays: 7,
  }
  const deletion = {
    recoveryId: 'https://safe.vault.azure.net/deletedsecrets/s',
    deletedDate: at,
    scheduledPurgeDate: at + 7 * 86_400,
  }
  const deleted = { ...deletion, id: idOf(set.body), attributes }
  assert.deepEqual((await ask('DELETE', '/secrets/s')).body, deleted)
  assert.deepEqual((await ask('GET', '/deletedsecrets/s')).body, deleted)
  assert.deepEqual((await ask('GET', '/deletedsecrets')).body, {
    value: [{ id: 'https://safe.vault.azure.net/secrets/s', attributes, ...deletion }],
    nextLink: null,
  })
  assert.equal((await ask('GET', '/secrets/s')).status, 404)
  assert.equal((await ask('DELETE', '/secrets/s')).status, 404)
  const again = await ask('PUT', '/secrets/s', { body: { value: 'w' } })
  assert.deepEqual(
    [again.status, again.body],
    [
      409,
      {
        error: {
          code: 'Conflict',
          message:
            'Secret s is currently in a deleted but recoverable state, and its name cannot be reused; in this state, the secret can only be recovered or purged.',
          innererror: { code: 'ObjectIsDeletedButRecoverable' },
        },
      },
    ],
  )

  assert.deepEqual((await ask('POST', '/deletedsecrets/s/recover')).body, { id: idOf(set.body), attributes })
  assert.deepEqual((await ask('GET', '/secrets/s')).body, { value: 'v', id: idOf(set.body), attributes })
  await ask('DELETE', '/secrets/s')
  assert.equal((await ask('DELETE', '/deletedsecrets/s')).status, 204)
  assert.equal((await ask('GET', '/deletedsecrets/s')).status, 404)
  assert.equal((await ask('PUT', '/secrets/s', { body: { value: 'new' } })).status, 200)

  await ask('DELETE', '/secrets/s')
  forwardBy(7 * 86_400)
  assert.equal((await ask('GET', '/deletedsecrets/s')).status, 404)
  assert.equal((await ask('POST', '/deletedsecrets/s/recover')).status, 404)
})

test('a backup brings all versions back, into the same vault or another one, but not over something', async t => {
  const { ask } = await openVault(t)
  const first = await ask('PUT', '/secrets/s', { body: { value: 'one', tags: { n: '1' } } })
  const second = await ask('PUT', '/secrets/s', { body: { value: 'two', contentType: 'text' } })
  const backup = await ask('POST', '/secrets/s/backup')
  const { value } = backup.body as { value: string }
  assert.doesNotMatch(Buffer.from(value, 'base64url').toString('latin1'), /one|two/)
  assert.equal((await ask('POST', '/secrets/restore', { body: { value } })).status, 409)

  await ask('DELETE', '/secrets/s')
  assert.equal((await ask('POST', '/secrets/restore', { body: { value } })).status, 409)
  await ask('DELETE', '/deletedsecrets/s')
  const { value: _two, ...restored } = second.body as Record<string, unknown>
  assert.deepEqual((await ask('POST', '/secrets/restore', { body: { value } })).body, restored)
  assert.deepEqual((await ask('GET', '/secrets/s')).body, second.body)
  assert.deepEqual((await ask('GET', `/secrets/s/${version(idOf(first.body))}`)).body, first.body)

  await ask('DELETE', '/secrets/s')
  await ask('DELETE', '/deletedsecrets/s')
  for (const wrong of ['', 'AAAA', `${value.slice(0, -8)}AAAAAAAA`, value.slice(0, 60)]) {
    const { status, body } = await ask('POST', '/secrets/restore', { body: { value: wrong } })
    assert.deepEqual(
      [status, body],
      [
        400,
        {
          error: {
            code: 'BadParameter',
            message: 'The backup blob is invalid, was altered, or was made by another server.',
          },
        },
      ],
    )
  }
  assert.equal((await ask('GET', '/secrets/s')).status, 404)
})

test('a value that could not be given back as it came is refused, and a pair of surrogates is not', async t => {
  const { ask } = await openVault(t)
  const refused = await ask('PUT', '/secrets/a', { body: '{"value":"\\ud800"}' })
  assert.deepEqual([refused.status, (refused.body as { error: { code: string } }).error.code], [400, 'BadParameter'])
  assert.equal((await ask('PUT', '/secrets/a', { body: '{"value":"x","tags":{"\\uDFFF":""}}' })).status, 400)
  assert.equal((await ask('GET', '/secrets/a')).status, 404)
  assert.equal((await ask('PUT', '/secrets/a', { body: '{"value":"\\ud83d\\udca9 \\\\ud800"}' })).status, 200)
  assert.equal(((await ask('GET', '/secrets/a')).body as { value: string }).value, '\u{1f4a9} \\ud800')
})
