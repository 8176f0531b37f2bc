import assert from 'node:assert/strict'
import { identityId, newGroup, newIdentity, newMachine, unique } from './arrange.ts'
import { inBothWays } from './az.ts'

inBothWays('az keeps user-assigned identities and gives them to machines', async (t, { az, refusal, lazuli }) => {
  const group = unique('group')
  const groupId = await newGroup(lazuli, group)

  await t.test('an identity is made, shown, listed and removed', async () => {
    const name = unique('identity')
    const made = await az(`identity create -g ${group} -n ${name} --tags team=blue`)
    assert.deepEqual(await az(`identity show -g ${group} -n ${name}`), made)
    assert.deepEqual(await az(`identity list -g ${group} --query "[?name=='${name}']"`), [made])
    assert.deepEqual(await az(`identity list --query "[?name=='${name}'].id"`), [made.id])
    await az(`identity delete -g ${group} -n ${name}`)
    const { exitCode, said } = await refusal(`identity show -g ${group} -n ${name}`)
    assert.equal(exitCode, 3)
    assert.match(
      said,
      /\(ResourceNotFound\) The Resource 'Microsoft\.ManagedIdentity\/userAssignedIdentities\/identity-/,
    )
  })

  await t.test('an issuer’s subject is trusted, and no longer', async () => {
    const { id } = await newIdentity(lazuli, groupId)
    const identity = `-g ${group} --identity-name ${id.split('/').at(-1)}`
    const trust = `${identity} -n trusted --issuer https://issuer.example --audiences api://AzureADTokenExchange`
    const made = await az(`identity federated-credential create ${trust} --subject repo:one`)
    assert.partialDeepStrictEqual(made, {
      audiences: ['api://AzureADTokenExchange'],
      issuer: 'https://issuer.example',
      name: 'trusted',
      subject: 'repo:one',
    })
    assert.deepEqual(await az(`identity federated-credential list ${identity}`), [made])
    await az(`identity federated-credential update ${trust} --subject repo:two`)
    assert.equal(await az(`identity federated-credential show ${identity} -n trusted --query subject`), 'repo:two')
    await az(`identity federated-credential delete ${identity} -n trusted --yes`)
    assert.deepEqual(await az(`identity federated-credential list ${identity}`), [])
  })

  await t.test('a machine gets identities of both kinds, shows them, and loses them one by one', async () => {
    const { name } = await newMachine(lazuli, groupId)
    const [one, two] = [await newIdentity(lazuli, groupId), await newIdentity(lazuli, groupId)]
    const vm = `-g ${group} -n ${name}`
    const ids = ({ clientId, principalId }: typeof one) => ({ clientId, principalId })

    const { systemAssignedIdentity, userAssignedIdentities } = await az(`vm identity assign ${vm}`)
    assert.match(systemAssignedIdentity, /^[0-9a-f-]{36}$/)
    assert.deepEqual(userAssignedIdentities, {})
    assert.deepEqual(await az(`vm identity assign ${vm} --identities ${one.id} ${two.id}`), {
      systemAssignedIdentity,
      userAssignedIdentities: { [one.id]: ids(one), [two.id]: ids(two) },
    })
    assert.deepEqual(await az(`identity list-resources --ids ${one.id} --query '[].name'`), [name])
    assert.deepEqual(await az(`vm identity remove ${vm} --identities ${one.id}`), {
      principalId: systemAssignedIdentity,
      tenantId: lazuli.env.tenantId,
      type: 'SystemAssigned, UserAssigned',
      userAssignedIdentities: { [two.id]: ids(two) },
    })

    const onlySystem = await az(`vm identity remove ${vm} --identities ${two.id.toUpperCase()}`)
    assert.deepEqual([onlySystem.type, onlySystem.userAssignedIdentities], ['SystemAssigned', null])
    assert.equal(await az(`vm identity remove ${vm}`), undefined)
    assert.equal(await az(`vm show ${vm} --query identity`), undefined)
  })

  await t.test('identities are named by name alone, and all taken away at once', async () => {
    const { name } = await newMachine(lazuli, groupId)
    const { id } = await newIdentity(lazuli, groupId, unique('byname'))
    const short = id.split('/').at(-1)
    const assigned = await az(`vm identity assign -g ${group} -n ${name} --identities [system] ${short}`)
    assert.match(assigned.systemAssignedIdentity, /^[0-9a-f-]{36}$/)
    assert.deepEqual(Object.keys(assigned.userAssignedIdentities), [identityId(groupId, short ?? '')])
    await az(`vm identity remove -g ${group} -n ${name} --identities [system] ${short}`)
    assert.equal(await az(`vm identity show -g ${group} -n ${name}`), undefined)
  })

  await t.test('a machine gets an identity and a role for it in one command', async () => {
    const { name } = await newMachine(lazuli, groupId)
    const assigned = await az(`vm identity assign -g ${group} -n ${name} --role Reader --scope ${groupId}`)
    assert.partialDeepStrictEqual(assigned, { role: 'Reader', scope: groupId })
    const roles = `role assignment list --scope ${groupId} --query "[?principalId=='${assigned.systemAssignedIdentity}'].roleDefinitionName"`
    assert.deepEqual(await az(roles), ['Reader'])
  })

  await t.test('an identity that is not there is not given to a machine', async () => {
    const { name } = await newMachine(lazuli, groupId)
    const missing = identityId(groupId, 'missing')
    const { said } = await refusal(`vm identity assign -g ${group} -n ${name} --identities ${missing}`)
    assert.match(said, /\(FailedIdentityOperation\)/)
    assert.match((await refusal(`vm identity assign -g ${group} -n missing`)).said, /\(ResourceNotFound\)/)
  })
})
