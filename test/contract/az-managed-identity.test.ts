import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type Lazuli, startLazuli } from '../start.ts'
import { assignReader, newGroup, newIdentity, newMachine, unique, userAssigned } from './arrange.ts'
import { type Az, azLane, lanesMissing, underLazuli } from './az.ts'
import { claimsOf } from './curl.ts'

/** How one az differs from another. */
type Manners = {
  readonly options: readonly [clientId: string, objectId: string, resourceId: string]
  /** What it says when the machine has several identities, or not the one that is asked for. */
  readonly complaints: readonly [several: RegExp, unknown: RegExp]
}

test('az signs in as a machine', { skip: lanesMissing }, async t => {
  const lazuli = await startLazuli(t)
  await t.test('of Debian trixie', async t => {
    const lane = await azLane('trixie', t)
    await signsIn(t, lazuli, as => underLazuli(lazuli, lane, as), {
      options: ['--client-id', '--object-id', '--resource-id'],
      complaints: [/Multiple user assigned identities exist, please specify the clientId/, /Identity not found/],
    })
  })
  await t.test('of Debian bookworm', async t => {
    const lane = await azLane('bookworm', t)
    await signsIn(t, lazuli, as => underLazuli(lazuli, lane, as), {
      // One option for all ids: this az finds out by trying which one it was given. It keeps to itself what was answered.
      options: ['-u', '-u', '-u'],
      complaints: [/Failed to connect to MSI.*400, reason: Bad Request/s, /Failed to connect to MSI/],
    })
  })
})

async function signsIn(t: TestContext, lazuli: Lazuli, on: (machine: string) => Az, { options, complaints }: Manners) {
  const [several, unknown] = complaints
  const { tenantId, subscriptionId } = lazuli.env
  const group = unique('group')
  const groupId = await newGroup(lazuli, group)

  await t.test('with the identity that the machine has by itself', async () => {
    const machine = await newMachine(lazuli, groupId, { identity: { type: 'SystemAssigned' } })
    const { principalId = '' } = machine.identity
    const { az, refusal } = on(machine.name)
    assert.match((await refusal('account show')).said, /Please run 'az login'/)
    assert.match((await refusal('login --identity')).said, /No access was configured for the (VM|managed identity)/)

    await assignReader(lazuli, groupId, principalId)
    const [account] = await az('login --identity')
    assert.partialDeepStrictEqual(account, {
      id: subscriptionId,
      name: 'Lazuli',
      tenantId,
      user: { assignedIdentityInfo: 'MSI', name: 'systemAssignedIdentity', type: 'servicePrincipal' },
    })
    assert.equal(await az(`group show -n ${group} --query id`), groupId)
    const { accessToken } = await az('account get-access-token --resource https://vault.azure.net')
    const { aud, oid } = claimsOf(accessToken)
    assert.deepEqual([aud, oid], ['https://vault.azure.net', principalId])
    assert.match((await refusal(`group update -n ${group} --tags a=b`)).said, /\(AuthorizationFailed\)/)
  })

  await t.test('with one of several identities that the machine was given', async () => {
    const [one, two] = [await newIdentity(lazuli, groupId), await newIdentity(lazuli, groupId)]
    const machine = await newMachine(lazuli, groupId, { identity: userAssigned(one, two) })
    for (const { principalId } of [one, two]) await assignReader(lazuli, groupId, principalId)
    const { az, refusal } = on(machine.name)
    assert.match((await refusal('login --identity')).said, several)

    for (const [option, kind, value] of [
      [options[0], 'MSIClient', one.clientId],
      [options[1], 'MSIObject', two.principalId],
      [options[2], 'MSIResource', one.id],
    ] as const) {
      const [account] = await az(`login --identity ${option} ${value}`)
      assert.deepEqual(account.user, {
        assignedIdentityInfo: `${kind}-${value}`,
        name: 'userAssignedIdentity',
        type: 'servicePrincipal',
      })
      const { oid } = claimsOf((await az('account get-access-token')).accessToken)
      assert.equal(oid, kind === 'MSIObject' ? two.principalId : one.principalId)
    }
    assert.equal(await az(`group show -n ${group} --query name`), group)
    const foreign = await newIdentity(lazuli, groupId)
    assert.match((await refusal(`login --identity ${options[0]} ${foreign.clientId}`)).said, unknown)
  })

  await t.test('never without an identity', async () => {
    const { name } = await newMachine(lazuli, groupId)
    assert.match((await on(name).refusal('login --identity')).said, unknown)
  })
}
