import assert from 'node:assert/strict'
import { newGroup, newIdentity, readerRole, unique } from './arrange.ts'
import { inBothWays, newUser } from './az.ts'

inBothWays('az says who may do what', async (t, { az, refusal, lazuli }) => {
  const { subscription } = lazuli

  await t.test('a role is assigned by name and by id, to a principal, an application and a user', async () => {
    const scope = await newGroup(lazuli)
    const { principalId, clientId } = await newIdentity(lazuli, scope)
    const { id: userId, userPrincipalName } = await newUser(az)

    const byObject = await az(`role assignment create --assignee ${principalId} --role Reader --scope ${scope}`)
    assert.partialDeepStrictEqual(byObject, {
      principalId,
      principalType: 'ServicePrincipal',
      roleDefinitionId: `${subscription}/providers/Microsoft.Authorization/roleDefinitions/${readerRole}`,
      scope,
      type: 'Microsoft.Authorization/roleAssignments',
    })
    const again = await az(`role assignment create --assignee ${clientId} --role ${readerRole} --scope ${scope}`)
    assert.equal(again.id, byObject.id, 'the assignment was there already, and az takes that for success')

    await az(`role assignment create --assignee ${clientId} --role 'Virtual Machine Contributor' --scope ${scope}`)
    await az(
      `role assignment create --assignee-object-id ${principalId} --assignee-principal-type ServicePrincipal --role Contributor --scope ${scope}`,
    )
    const toUser = await az(`role assignment create --assignee ${userPrincipalName} --role Reader --scope ${scope}`)
    assert.partialDeepStrictEqual(toUser, { principalId: userId, principalType: 'User' })

    const columns = '[].[principalName, roleDefinitionName]'
    const all = await az(`role assignment list --scope ${scope} --query '${columns}'`)
    assert.deepEqual(
      all.sort(),
      [
        ...[[userPrincipalName, 'Reader']],
        ...['Contributor', 'Reader', 'Virtual Machine Contributor'].map(role => [clientId, role]),
      ].sort(),
    )
  })

  await t.test('assignments are listed for a scope and for a principal, and deleted', async () => {
    const group = unique('group')
    const scope = await newGroup(lazuli, group)
    const { principalId } = await newIdentity(lazuli, scope)
    const list = (options: string): Promise<string[]> =>
      az(`role assignment list --assignee ${principalId} ${options} --query '[].roleDefinitionName'`)
    await az(`role assignment create --assignee ${principalId} --role Reader --scope ${subscription}`)
    await az(`role assignment create --assignee ${principalId} --role Contributor --scope ${scope}`)

    assert.deepEqual(await list(`-g ${group}`), ['Contributor'])
    assert.deepEqual((await list(`--include-inherited --scope ${scope}`)).sort(), ['Contributor', 'Reader'])
    assert.deepEqual((await list('--all')).sort(), ['Contributor', 'Reader'])

    await az(`role assignment delete --assignee ${principalId} --role Contributor -g ${group}`)
    await az(`role assignment delete --assignee ${principalId} --scope ${subscription}`)
    assert.deepEqual(await list('--all'), [])
  })

  await t.test('whom nobody knows, and what nobody knows, is not assigned', async () => {
    const create = (assignee: string, role: string) =>
      refusal(`role assignment create --assignee ${assignee} --role '${role}' --scope ${subscription}`)
    assert.match(
      (await create('nobody@lazuli.onmicrosoft.com', 'Reader')).said,
      /Cannot find user or service principal/,
    )
    assert.match((await create(lazuli.env.admin.clientId, 'Reeder')).said, /Role 'Reeder' doesn't exist/)
  })

  await t.test('a custom role is made, changed and removed', async () => {
    const name = unique('Starter')
    const role = (actions: string[]) =>
      JSON.stringify({ Name: name, Description: 'starts', Actions: actions, AssignableScopes: [subscription] })
    const [start, read] = ['Microsoft.Compute/virtualMachines/start/action', 'Microsoft.Compute/virtualMachines/read']

    const made = await az(`role definition create --role-definition '${role([start])}'`)
    assert.partialDeepStrictEqual(made, {
      roleName: name,
      roleType: 'CustomRole',
      assignableScopes: [subscription],
      permissions: [{ actions: [start], notActions: [], dataActions: [], notDataActions: [] }],
    })
    const changed = await az(`role definition update --role-definition '${role([start, read])}'`)
    assert.deepEqual([changed.id, changed.permissions[0].actions], [made.id, [start, read]])
    assert.deepEqual(await az(`role definition list --name ${name} --query '[].id'`), [made.id])
    const custom = await az("role definition list --custom-role-only --query '[].roleName'")
    assert.ok(custom.includes(name))

    await az(`role definition delete --name ${name}`)
    assert.deepEqual(await az(`role definition list --name ${name}`), [])
  })

  await t.test('the built-in roles are listed with Azure’s ids', async () => {
    const [reader] = await az('role definition list --name Reader')
    assert.partialDeepStrictEqual(reader, {
      name: readerRole,
      roleType: 'BuiltInRole',
      assignableScopes: ['/'],
      permissions: [{ actions: ['*/read'] }],
    })
  })
})
