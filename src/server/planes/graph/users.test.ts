import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type OpenGraph, openGraph, valuesOf } from './testing.ts'

const azureCli = '04b07795-8ddb-461a-bbee-02f9e1bf7b46'

const signIn = (lazuli: OpenGraph, username: string, password: string) =>
  lazuli.signInErrors({ grant_type: 'password', client_id: azureCli, username, password })

const wish = (name: string, password = 'A-long-enough-1') => ({
  accountEnabled: true,
  displayName: 'Ada',
  mailNickname: 'ada',
  passwordProfile: { forceChangePasswordNextSignIn: false, password },
  userPrincipalName: name,
})

test('a user is made, signs in, is found by name and by id, gets another password, is disabled and deleted', async t => {
  const lazuli = await openGraph(t)
  const name = `ada@${lazuli.directory.tenantDomain}`
  const user = await lazuli.made('/users', wish(name))
  assert.partialDeepStrictEqual(user, {
    displayName: 'Ada',
    userPrincipalName: name,
    mailNickname: 'ada',
    accountEnabled: true,
  })
  assert.equal(JSON.stringify(user).includes('A-long-enough-1'), false)
  assert.equal(await signIn(lazuli, name, 'A-long-enough-1'), undefined)

  assert.equal((await lazuli.graph('GET', `/users/${name.toUpperCase()}`)).body.id, user.id)
  const found = await lazuli.graph('GET', `/users?$filter=${encodeURIComponent(`userPrincipalName eq '${name}'`)}`)
  assert.deepEqual(
    valuesOf(found).map(one => one.id),
    [user.id],
  )

  const patch = (body: unknown) => lazuli.graph('PATCH', `/users/${user.id}`, body)
  assert.equal((await patch({ passwordProfile: { password: 'Another-one-2' }, jobTitle: 'Countess' })).status, 204)
  assert.deepEqual(await signIn(lazuli, name, 'A-long-enough-1'), [50126])
  assert.equal(await signIn(lazuli, name, 'Another-one-2'), undefined)
  assert.equal((await lazuli.graph('GET', `/users/${user.id}`)).body.jobTitle, 'Countess')

  assert.equal((await patch({ accountEnabled: false })).status, 204)
  assert.deepEqual(await signIn(lazuli, name, 'Another-one-2'), [50057])
  assert.equal((await patch({ accountEnabled: true })).status, 204)
  assert.equal((await lazuli.graph('DELETE', `/users/${name}`)).status, 204)
  assert.deepEqual(await signIn(lazuli, name, 'Another-one-2'), [50126])
  assert.equal((await lazuli.graph('GET', `/users/${name}`)).status, 404)
})

test('a user needs a free name in our domain and a password that is not short', async t => {
  const lazuli = await openGraph(t)
  const name = `ada@${lazuli.directory.tenantDomain}`
  await lazuli.made('/users', wish(name))
  for (const body of [
    wish(name),
    wish('ada@other.example'),
    wish('ada'),
    wish(`b${name}`, 'short'),
    { displayName: 'x' },
  ]) {
    const answer = await lazuli.graph('POST', '/users', body)
    assert.deepEqual([answer.status, (answer.body.error as { code: string }).code], [400, 'Request_BadRequest'])
  }
})

test('me is the person who asks; a program is nobody there', async t => {
  const lazuli = await openGraph(t)
  const person = await lazuli.principal({ kind: 'user', audience: 'https://graph.microsoft.com' })
  const me = await lazuli.graph('GET', '/me', undefined, person.token)
  assert.equal(me.body.id, person.objectId)
  const program = await lazuli.graph('GET', '/me')
  assert.deepEqual([program.status, (program.body.error as { code: string }).code], [400, 'BadRequest'])
})

test('the last owner of everything can be neither deleted nor disabled', async t => {
  const lazuli = await openGraph(t)
  const { username, clientId } = lazuli.administrator
  const admin = await lazuli.graph('GET', `/servicePrincipals(appId='${clientId}')`)
  assert.equal((await lazuli.graph('DELETE', `/users/${username}`)).status, 204)
  const refused = await lazuli.graph('DELETE', `/servicePrincipals/${admin.body.id}`)
  assert.deepEqual(
    [refused.status, (refused.body.error as { code: string }).code],
    [403, 'Authorization_RequestDenied'],
  )
  const application = valuesOf(await lazuli.graph('GET', `/applications?$filter=appId eq '${clientId}'`))[0]
  assert.equal((await lazuli.graph('DELETE', `/applications/${application?.id}`)).status, 403)
  assert.equal((await lazuli.graph('GET', `/applications/${application?.id}`)).status, 200)
})
