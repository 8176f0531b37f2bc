import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseCondition } from './condition.ts'
import { builtInRole, builtInRoles } from './roles.ts'

const published: [name: string, roleName: string][] = [
  ['8e3af657-a8ff-443c-a75c-2fe8c4bcb635', 'Owner'],
  ['b24988ac-6180-42a0-ab88-20f7382dd24c', 'Contributor'],
  ['acdd72a7-3385-48ef-bd42-f606fba81ae7', 'Reader'],
  ['18d7d88d-d35e-4fb5-a5c3-7773c20a72d9', 'User Access Administrator'],
  ['f58310d9-a9f6-439a-9e8d-f62e7b41a168', 'Role Based Access Control Administrator'],
  ['4d97b98b-1d4f-4787-a291-c67834d212e7', 'Network Contributor'],
  ['43d0d8ad-25c7-4714-9337-8ba259a9fe05', 'Monitoring Reader'],
  ['9980e02c-c2be-4d73-94e8-173b1dc7cf3c', 'Virtual Machine Contributor'],
  ['1c0163c0-47e6-4577-8991-ea5c82e286e4', 'Virtual Machine Administrator Login'],
  ['fb879df8-f326-4884-b1cf-06f3ad86be52', 'Virtual Machine User Login'],
  ['602da2ba-a5c2-41da-b01d-5360126ab525', 'Virtual Machine Local User Login'],
  ['66f75aeb-eabe-4b70-9f1e-c350c4c9ad04', 'Virtual Machine Data Access Administrator (preview)'],
  ['f1a07417-d97a-45cb-824c-7a7467783830', 'Managed Identity Operator'],
  ['e40ec5ca-96e0-45a2-b4ff-59039f2c2b59', 'Managed Identity Contributor'],
  ['17d1049b-9a84-46fb-8f53-869881c3d3ab', 'Storage Account Contributor'],
  ['81a9662b-bebf-436f-a333-f67b29880f12', 'Storage Account Key Operator Service Role'],
  ['c12c1c16-33a1-487b-954d-41c89c60f349', 'Reader and Data Access'],
  ['2a2b9908-6ea1-4ae2-8e65-a410df84e7d1', 'Storage Blob Data Reader'],
  ['ba92f5b4-2d11-453d-a403-e96b0029c9fe', 'Storage Blob Data Contributor'],
  ['b7e6dc6d-f1e8-4753-8033-0f276bb0955b', 'Storage Blob Data Owner'],
  ['db58b8e5-c6ad-4a2a-8342-4190687cbf4a', 'Storage Blob Delegator'],
  ['00482a5a-887f-4fb3-b363-3b7fe8e74483', 'Key Vault Administrator'],
  ['f25e0fa2-a7c8-4377-a976-54943a77a395', 'Key Vault Contributor'],
  ['21090545-7ca7-4776-b22c-e363652d74d2', 'Key Vault Reader'],
  ['b86a8fe4-44ce-4948-aee5-eccb2c155cd7', 'Key Vault Secrets Officer'],
  ['4633458b-17de-408a-b874-0445c86b69e6', 'Key Vault Secrets User'],
  ['a4417e6f-fecd-4de8-b567-7b0420556985', 'Key Vault Certificates Officer'],
  ['db79e9a7-68ee-4b58-9aeb-b90e7c24fcba', 'Key Vault Certificate User'],
  ['14b46e9e-c2b7-41b4-b07b-48a6ebf60603', 'Key Vault Crypto Officer'],
  ['12338af0-0e69-4776-bea7-57ae8d297424', 'Key Vault Crypto User'],
  ['e147488a-f6f5-4113-8e2d-b22465e65bf6', 'Key Vault Crypto Service Encryption User'],
  ['08bbd89e-9f13-488c-ac41-acfcb10c90ab', 'Key Vault Crypto Service Release User'],
  ['8b54135c-b56d-4d72-a534-26097cfdc8d8', 'Key Vault Data Access Administrator'],
  ['b64e21ea-ac4e-4cdf-9dc9-5b892992bee7', 'Azure Connected Machine Onboarding'],
]

test('the built-in roles are those of every tenant, under their own GUIDs', () => {
  assert.deepEqual(
    builtInRoles.map(({ name, roleName }) => [name, roleName]).sort(),
    published.map(pair => [...pair]).sort(),
  )
})

test('a built-in role is found by its GUID in any case, and nothing else is', () => {
  assert.equal(builtInRole('ACDD72A7-3385-48EF-BD42-F606FBA81AE7')?.roleName, 'Reader')
  assert.equal(builtInRole('Reader'), undefined)
  assert.equal(builtInRole(''), undefined)
})

test('every built-in role can be assigned anywhere, says what it is for, and grants something', () => {
  for (const role of builtInRoles) {
    assert.equal(role.type, 'BuiltInRole')
    assert.deepEqual(role.assignableScopes, ['/'])
    assert.match(role.description, /^[A-Z].*\.$/)
    assert.ok(role.permissions.some(({ actions, dataActions }) => actions.length + dataActions.length > 0))
  }
})

test('no built-in role lists an action twice or writes it unlike an action', () => {
  for (const { roleName, permissions } of builtInRoles) {
    for (const { actions, notActions, dataActions, notDataActions } of permissions) {
      for (const list of [actions, notActions, dataActions, notDataActions]) {
        assert.equal(new Set(list).size, list.length, roleName)
        for (const action of list)
          assert.match(action, /^(\*|\*\/read|Microsoft\.[A-Za-z]+(\/[A-Za-z]+|\/\*)+)$/, roleName)
      }
    }
  }
})

test('the delegating roles carry the published condition', () => {
  const listed = '{1c0163c0-47e6-4577-8991-ea5c82e286e4, fb879df8-f326-4884-b1cf-06f3ad86be52}'
  assert.deepEqual(
    builtInRole('66f75aeb-eabe-4b70-9f1e-c350c4c9ad04')?.permissions.map(one => one.condition),
    [
      "((!(ActionMatches{'Microsoft.Authorization/roleAssignments/write'})) OR " +
        `(@Request[Microsoft.Authorization/roleAssignments:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals${listed})) AND ` +
        "((!(ActionMatches{'Microsoft.Authorization/roleAssignments/delete'})) OR " +
        `(@Resource[Microsoft.Authorization/roleAssignments:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals${listed}))`,
    ],
  )
})

test('every condition of a built-in role can be read', () => {
  const conditions = builtInRoles.flatMap(role => role.permissions.flatMap(({ condition }) => condition ?? []))
  assert.equal(conditions.length, 2)
  for (const condition of conditions) assert.equal(parseCondition(condition).kind, 'and')
})
