import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { startLazuli } from '../start.ts'
import {
  assignReader,
  expect,
  identityId,
  machineId,
  machineVersion,
  newGroup,
  newIdentity,
  newMachine,
  setIdentities,
  unique,
  userAssigned,
} from './arrange.ts'
import { claimsOf, shell } from './curl.ts'

const resource = encodeURIComponent('https://management.azure.com/')
const tokenCommand = (more = '') =>
  `curl -s -w '\\n%{http_code}' -H Metadata:true 'http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource=${resource}${more}'`

const lazuli = await startLazuli({ after })
const group = await newGroup(lazuli)

async function ask(as: string, more?: string) {
  const lines = (await shell(lazuli, as)(tokenCommand(more))).split('\n')
  return { status: Number(lines.at(-1)), body: JSON.parse(lines.slice(0, -1).join('\n')) }
}
const tokenOf = async (as: string, more?: string): Promise<string> => {
  const { status, body } = await ask(as, more)
  assert.equal(status, 200, JSON.stringify(body))
  return body.access_token
}
const read = (token: string) => lazuli.arm('GET', `${group}?api-version=2021-04-01`, { token })
const notFound = { status: 400, body: { error: 'invalid_request', error_description: 'Identity not found' } }

test('two machines get their own tokens only', async () => {
  const [mine, theirs] = [await newIdentity(lazuli, group), await newIdentity(lazuli, group)]
  const own = await newMachine(lazuli, group, { identity: { type: 'SystemAssigned' } })
  const given = await newMachine(lazuli, group, { identity: userAssigned(mine) })
  await newMachine(lazuli, group, { identity: userAssigned(theirs) })

  const { oid, xms_mirid } = claimsOf(await tokenOf(own.name))
  assert.deepEqual(
    { oid, of: String(xms_mirid).toLowerCase() },
    {
      oid: own.identity.principalId,
      of: own.id.toLowerCase(),
    },
  )
  assert.equal(claimsOf(await tokenOf(given.name)).oid, mine.principalId)
  assert.deepEqual(await ask(own.name, `&client_id=${mine.clientId}`), notFound)
  assert.deepEqual(await ask(given.name, `&client_id=${theirs.clientId}`), notFound)
  assert.deepEqual(await ask(given.name, `&object_id=${own.identity.principalId}`), notFound)
  assert.deepEqual(await ask(given.name, `&msi_res_id=${encodeURIComponent(theirs.id)}`), notFound)
})

test('a machine with two user-assigned identities has to say which one it means', async () => {
  const [one, two] = [await newIdentity(lazuli, group), await newIdentity(lazuli, group)]
  const { name } = await newMachine(lazuli, group, { identity: userAssigned(one, two) })

  assert.deepEqual(await ask(name), {
    status: 400,
    body: {
      error: 'invalid_request',
      error_description:
        'Multiple user assigned identities exist, please specify the clientId / resourceId of the identity in the token request',
    },
  })
  assert.equal(claimsOf(await tokenOf(name, `&client_id=${two.clientId}`)).oid, two.principalId)
  assert.equal(claimsOf(await tokenOf(name, `&mi_res_id=${encodeURIComponent(one.id)}`)).oid, one.principalId)
})

test('a machine without an identity gets no token until it is given one', async () => {
  const machine = await newMachine(lazuli, group)
  assert.deepEqual(await ask(machine.name), notFound)
  const { identity } = await setIdentities(lazuli, machine, { type: 'SystemAssigned' })
  assert.equal(claimsOf(await tokenOf(machine.name)).oid, identity.principalId)
})

test('an identity that is taken away is gone with the next request, cached token or not', async () => {
  const [stays, goes] = [await newIdentity(lazuli, group), await newIdentity(lazuli, group)]
  const machine = await newMachine(lazuli, group, { identity: userAssigned(stays, goes) })
  await tokenOf(machine.name, `&client_id=${goes.clientId}`)

  await setIdentities(lazuli, machine, { type: 'UserAssigned', userAssignedIdentities: { [goes.id]: null } })

  assert.deepEqual(await ask(machine.name, `&client_id=${goes.clientId}`), notFound)
  assert.equal(claimsOf(await tokenOf(machine.name)).oid, stays.principalId)
})

test('a system-assigned identity that is switched off opens nothing any more, and is another one when switched on again', async () => {
  const machine = await newMachine(lazuli, group, { identity: { type: 'SystemAssigned' } })
  const before = await tokenOf(machine.name)
  await assignReader(lazuli, group, machine.identity.principalId ?? '')
  assert.equal((await read(before)).status, 200)

  await setIdentities(lazuli, machine, { type: 'None' })
  assert.deepEqual(await ask(machine.name), notFound)
  assert.equal((await read(before)).status, 401)

  const { identity } = await setIdentities(lazuli, machine, { type: 'SystemAssigned' })
  assert.notEqual(identity.principalId, machine.identity.principalId)
  assert.equal((await read(await tokenOf(machine.name))).status, 403)
})

test('an identity that is made again under its name has other ids and none of the old roles', async () => {
  const name = unique('again')
  const first = await newIdentity(lazuli, group, name)
  const machine = await newMachine(lazuli, group, { identity: userAssigned(first) })
  const token = await tokenOf(machine.name)
  await assignReader(lazuli, group, first.principalId)
  assert.equal((await read(token)).status, 200)

  await expect(200, lazuli.arm('DELETE', `${identityId(group, name)}?api-version=2023-01-31`))
  assert.deepEqual(await ask(machine.name), notFound)
  assert.equal((await read(token)).status, 401)

  const second = await newIdentity(lazuli, group, name)
  assert.notEqual(second.principalId, first.principalId)
  assert.notEqual(second.clientId, first.clientId)
  assert.deepEqual(await ask(machine.name), notFound, 'the machine was given the identity that is gone')
  await setIdentities(lazuli, machine, { type: 'None' })
  await setIdentities(lazuli, machine, userAssigned(second))
  assert.equal((await read(await tokenOf(machine.name))).status, 403)
})

test('a machine that is made again under its name has another identity', async () => {
  const name = unique('again')
  const wish = { name, identity: { type: 'SystemAssigned' } }
  const first = await newMachine(lazuli, group, wish)
  const token = await tokenOf(name)
  await expect(202, lazuli.arm('DELETE', `${machineId(group, name)}?${machineVersion}`))
  assert.equal((await read(token)).status, 401)
  await gone(name)

  const second = await newMachine(lazuli, group, wish)
  assert.notEqual(second.identity.principalId, first.identity.principalId)
})

async function gone(name: string): Promise<void> {
  const path = `${machineId(group, name)}?${machineVersion}`
  for (const giveUpAt = Date.now() + 30_000; Date.now() < giveUpAt; ) {
    if ((await lazuli.arm('GET', path)).status === 404) return
  }
  throw new Error(`${name} is still there`)
}

test('an identity by itself can be acted as, too', async () => {
  const identity = await newIdentity(lazuli, group)
  assert.equal(claimsOf(await tokenOf(identity.id)).oid, identity.principalId)
})

test('whom nobody knows cannot be acted as', async () => {
  const { exitCode, stderr } = await lazuli.exec(['true'], { as: 'nobody-of-this-name' })
  assert.equal(exitCode, 3)
  assert.match(stderr, /no machine and no user-assigned identity named 'nobody-of-this-name'/)
})
