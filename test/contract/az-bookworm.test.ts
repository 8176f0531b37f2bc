/**
 * az 2.45, which most Debian machines have. Its commands and the libraries that Debian ships with it do not fit together,
 * so that some end before they ask anybody anything:
 * - `az vm` works with the profile 2020-09-01-hybrid only, and there without `vm identity assign --role`;
 * - `az role assignment` and `az role definition` fail ("object has no attribute 'config'") with either profile.
 * It discovers too little of a cloud by itself, which is why Lazuli serves a description to register.
 */

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { startLazuli } from '../start.ts'
import { machineId, newGroup, newIdentity, newMachine, readerRole, unique } from './arrange.ts'
import { besideLazuli, lanesMissing, signInAsAdministrator, warmAzLane } from './az.ts'
import { claimsOf } from './curl.ts'

test('az 2.45 works with a cloud that it has been told of', { skip: lanesMissing }, async t => {
  const [lazuli, lane] = await Promise.all([startLazuli(t), warmAzLane('bookworm', t)])
  const { az, refusal } = besideLazuli(lazuli, lane)
  const { admin, subscriptionId, tenantId } = lazuli.env
  const group = unique('group')
  const groupId = await newGroup(lazuli, group)

  await t.test('a downloaded description is all that it needs', async () => {
    const description = join(lane.home, 'az-cloud.json')
    const { body } = await lazuli.arm('GET', '/metadata/az-cloud.json', { token: false })
    await writeFile(description, JSON.stringify(body))
    await az(`cloud register -n lazuli --cloud-config @${description}`)
    await az('cloud set -n lazuli --profile 2020-09-01-hybrid')
    assert.partialDeepStrictEqual(await az('cloud show'), {
      endpoints: { resourceManager: `${lazuli.url}/`, activeDirectory: `${lazuli.url}/adfs` },
      isActive: true,
      profile: '2020-09-01-hybrid',
    })
  })

  await t.test('a user and an application sign in', async () => {
    const subscription = { id: subscriptionId, isDefault: true, name: 'Lazuli', state: 'Enabled', tenantId }
    const [user] = await az(`login -u ${admin.username} -p '${admin.password}'`)
    assert.partialDeepStrictEqual(user, { ...subscription, user: { name: admin.username, type: 'user' } })
    assert.equal(await az('ad signed-in-user show --query userPrincipalName'), admin.username)
    assert.match((await refusal(`login -u ${admin.username} -p wrong`)).said, /AADSTS50126/)
    await az('logout')

    const [application] = await signInAsAdministrator({ az }, lazuli)
    const principal = { name: admin.clientId, type: 'servicePrincipal' }
    assert.partialDeepStrictEqual(application, { ...subscription, user: principal })
    assert.deepEqual(await az("account list --query '[].id'"), [subscriptionId])
    assert.deepEqual(await az('account show --query user'), principal)
    const { accessToken, tenant } = await az('account get-access-token --resource https://vault.azure.net')
    assert.deepEqual([claimsOf(accessToken).aud, tenant], ['https://vault.azure.net', tenantId])
  })

  await t.test('groups are kept', async () => {
    const name = unique('group')
    assert.equal(
      (await az(`group create -n ${name} -l westeurope --tags a=b`)).properties.provisioningState,
      'Succeeded',
    )
    assert.deepEqual(await az(`group update -n ${name} --tags c=d --query tags`), { c: 'd' })
    assert.ok((await az("group list --query '[].name'")).includes(name))
    await az(`group delete -n ${name} --yes`)
    assert.equal(await az(`group exists -n ${name}`), false)
    assert.equal((await refusal(`group show -n ${name}`)).exitCode, 3)
  })

  await t.test('identities are kept', async () => {
    const made = await az(`identity create -g ${group} -n by-az`)
    const { clientId, principalId, ...rest } = made
    assert.deepEqual(rest, {
      id: `/subscriptions/${subscriptionId}/resourcegroups/${group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/by-az`,
      location: 'westeurope',
      name: 'by-az',
      resourceGroup: group,
      tags: {},
      tenantId,
      type: 'Microsoft.ManagedIdentity/userAssignedIdentities',
    })
    assert.deepEqual(await az(`identity show -g ${group} -n by-az`), made)
    assert.deepEqual(await az(`identity list -g ${group}`), [made])
    assert.equal(await az(`ad sp show --id ${clientId} --query id`), principalId)
    await az(`identity delete -g ${group} -n by-az`)
    assert.equal((await refusal(`identity show -g ${group} -n by-az`)).exitCode, 3)
  })

  await t.test('SSH keys are kept', async () => {
    assert.match((await az(`sshkey create -g ${group} -n key`)).publicKey, /^ssh-rsa /)
    assert.deepEqual(await az(`sshkey list -g ${group} --query '[].name'`), ['key'])
    await az(`sshkey delete -g ${group} -n key --yes`)
    assert.equal((await refusal(`sshkey show -g ${group} -n key`)).exitCode, 3)
  })

  await t.test('machines are kept, and given identities', async () => {
    const { name } = await newMachine(lazuli, groupId)
    const { id, clientId, principalId } = await newIdentity(lazuli, groupId)
    const vm = `-g ${group} -n ${name}`
    assert.partialDeepStrictEqual(await az(`vm show ${vm}`), {
      id: machineId(groupId, name),
      networkProfile: { networkInterfaces: [] },
      provisioningState: 'Succeeded',
    })
    assert.deepEqual(await az(`vm list -d -g ${group} --query '[].[name, powerState]'`), [[name, 'VM running']])

    const { systemAssignedIdentity } = await az(`vm identity assign ${vm}`)
    assert.deepEqual(await az(`vm identity assign ${vm} --identities ${id}`), {
      systemAssignedIdentity,
      userAssignedIdentities: { [id]: { clientId, principalId } },
    })
    const { userAssignedIdentities, ...system } = await az(`vm identity remove ${vm} --identities ${id}`)
    assert.deepEqual(system, { principalId: systemAssignedIdentity, tenantId, type: 'SystemAssigned' })
    assert.equal(userAssignedIdentities, null)
    assert.equal(await az(`vm identity remove ${vm}`), undefined)

    for (const [command, state] of [
      ['stop', 'stopped'],
      ['start', 'running'],
      ['restart', 'running'],
      ['deallocate', 'deallocated'],
    ] as const) {
      await az(`vm ${command} ${vm}`)
      assert.equal(await az(`vm show -d ${vm} --query powerState`), `VM ${state}`)
    }
    // The short names of images come from the address that the cloud's description names.
    assert.ok((await az("vm image list --query '[].urnAlias'")).includes('UbuntuLTS'))
    await az(`vm delete ${vm} --yes`)
    assert.equal((await refusal(`vm show ${vm}`)).exitCode, 3)
  })

  await t.test('what it cannot do by itself, az rest does', async () => {
    const { principalId } = await newIdentity(lazuli, groupId)
    const roles = 'providers/Microsoft.Authorization'
    const properties = {
      roleDefinitionId: `${lazuli.subscription}/${roles}/roleDefinitions/${readerRole}`,
      principalId,
    }
    const assignment = `${groupId}/${roles}/roleAssignments/${randomUUID()}?api-version=2022-04-01`
    const body = JSON.stringify({ properties })
    const made = await az(`rest --method put --url '${assignment}' --body '${body}'`)
    assert.partialDeepStrictEqual(made.properties, { principalId, scope: groupId })
    assert.equal((await az(`rest --url '${assignment}'`)).name, made.name)
    await az(`rest --method delete --url '${assignment}'`)
  })
})
