import assert from 'node:assert/strict'
import { newGroup, newIdentity, unique } from './arrange.ts'
import { inBothWays, newUser } from './az.ts'

inBothWays('az keeps the directory', async (t, { az, refusal, lazuli }) => {
  await t.test('a user is made, found, changed and removed', async () => {
    const { id, userPrincipalName } = await newUser(az)
    assert.equal((await az(`ad user show --id ${userPrincipalName}`)).id, id)
    assert.deepEqual(await az(`ad user list --upn ${userPrincipalName} --query '[].id'`), [id])
    await az(`ad user update --id ${id} --display-name Anna`)
    assert.equal(await az(`ad user show --id ${id} --query displayName`), 'Anna')
    await az(`ad user delete --id ${id}`)
    const { exitCode, said } = await refusal(`ad user show --id ${id}`)
    assert.equal(exitCode, 3)
    assert.match(said, new RegExp(`Resource '${id}' does not exist`))
  })

  await t.test('an application gets a service principal and secrets', async () => {
    const name = unique('app')
    const { appId, id } = await az(`ad app create --display-name ${name}`)
    assert.deepEqual(await az(`ad app list --display-name ${name} --query '[].id'`), [id])
    const principal = await az(`ad sp create --id ${appId}`)
    assert.deepEqual([principal.appId, principal.servicePrincipalType], [appId, 'Application'])
    assert.equal(await az(`ad sp show --id ${appId} --query id`), principal.id)

    const { password, tenant } = await az(`ad app credential reset --id ${appId} --display-name first`)
    assert.deepEqual([tenant, password.length > 30], [lazuli.env.tenantId, true])
    const [credential, ...others] = await az(`ad app credential list --id ${appId}`)
    assert.deepEqual([credential.displayName, credential.secretText, others], ['first', null, []])

    await az(`ad app delete --id ${appId}`)
    assert.deepEqual(await az(`ad sp list --filter "appId eq '${appId}'"`), [])
    assert.equal((await refusal(`ad app show --id ${appId}`)).exitCode, 3)
  })

  await t.test('a managed identity is a service principal', async () => {
    const { clientId, principalId } = await newIdentity(lazuli, await newGroup(lazuli))
    assert.partialDeepStrictEqual(await az(`ad sp show --id ${clientId}`), {
      id: principalId,
      servicePrincipalType: 'ManagedIdentity',
    })
  })
})
