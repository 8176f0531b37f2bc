import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Attributes } from './condition.ts'
import { type Assignment, decide } from './decide.ts'
import { builtInRole, builtInRoles, type Permission, type RoleDefinition } from './roles.ts'

const subscription = '/subscriptions/s'
const group = `${subscription}/resourceGroups/g`
const vault = `${group}/providers/Microsoft.KeyVault/vaults/v`
const secret = `${vault}/secrets/one`
const getSecret = 'Microsoft.KeyVault/vaults/secrets/getSecret/action'
const writeAssignment = 'Microsoft.Authorization/roleAssignments/write'
const deleteAssignment = 'Microsoft.Authorization/roleAssignments/delete'

const guidOf = (roleName: string): string => {
  const found = builtInRoles.find(role => role.roleName === roleName)
  assert.ok(found, roleName)
  return found.name
}

const assigned = (role: string, scope = group, rest: Partial<Assignment> = {}): Assignment & { id: string } => ({
  id: `${scope}#${role}`,
  scope,
  principalId: 'someone',
  roleDefinitionId: role.includes('-') ? role : guidOf(role),
  ...rest,
})

const nothingKnown: Attributes = () => undefined

type Asked = {
  action: string
  kind?: 'control' | 'data'
  scope?: string
  attributes?: Attributes
  subOperation?: string
}

const ask = (assignments: readonly Assignment[], asked: Asked, custom: readonly RoleDefinition[] = []) =>
  decide({
    kind: 'control',
    scope: group,
    attributes: nothingKnown,
    ...asked,
    assignments,
    roleOf: guid => custom.find(role => role.name === guid) ?? builtInRole(guid),
  })

const customRole = (...permissions: Partial<Permission>[]): RoleDefinition => ({
  name: '11111111-2222-3333-4444-555555555555',
  roleName: 'Custom',
  type: 'CustomRole',
  description: 'A role of this test.',
  assignableScopes: ['/'],
  permissions: permissions.map(one => ({ actions: [], notActions: [], dataActions: [], notDataActions: [], ...one })),
})

const denied = { allowed: false, conditionFailed: false }

const rights: [role: string, kind: 'control' | 'data', action: string, expected: boolean][] = [
  ['Owner', 'control', 'Microsoft.Compute/virtualMachines/write', true],
  ['Owner', 'control', writeAssignment, true],
  ['Owner', 'control', getSecret, true],
  ['Owner', 'data', getSecret, false],
  ['Owner', 'data', 'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read', false],
  ['Contributor', 'control', 'Microsoft.KeyVault/vaults/delete', true],
  ['Contributor', 'control', 'Microsoft.Authorization/roleAssignments/read', true],
  ['Contributor', 'control', writeAssignment, false],
  ['Contributor', 'control', 'microsoft.authorization/ROLEASSIGNMENTS/Write', false],
  ['Contributor', 'control', deleteAssignment, false],
  ['Contributor', 'control', 'Microsoft.Authorization/roleDefinitions/write', false],
  ['Contributor', 'control', 'Microsoft.Authorization/elevateAccess/action', false],
  ['Contributor', 'control', 'Microsoft.Authorization/elevateAccess/Action', false],
  ['Contributor', 'data', getSecret, false],
  ['Reader', 'control', 'Microsoft.Compute/virtualMachines/read', true],
  ['Reader', 'control', 'Microsoft.Compute/virtualMachines/instanceView/read', true],
  ['Reader', 'control', 'Microsoft.Compute/virtualMachines/write', false],
  ['Reader', 'control', 'Microsoft.Storage/storageAccounts/listKeys/action', false],
  ['Reader', 'control', 'Microsoft.Compute/virtualMachines/start/action', false],
  ['Reader', 'data', 'Microsoft.KeyVault/vaults/secrets/read', false],
  ['User Access Administrator', 'control', writeAssignment, true],
  ['User Access Administrator', 'control', 'Microsoft.Authorization/roleDefinitions/write', true],
  ['User Access Administrator', 'control', 'Microsoft.Compute/virtualMachines/write', false],
  ['Role Based Access Control Administrator', 'control', deleteAssignment, true],
  ['Role Based Access Control Administrator', 'control', 'Microsoft.Authorization/roleDefinitions/write', false],
  ['Virtual Machine Contributor', 'control', 'Microsoft.Compute/virtualMachines/extensions/write', true],
  ['Virtual Machine Contributor', 'control', 'Microsoft.Storage/storageAccounts/listkeys/ACTION', true],
  ['Virtual Machine Contributor', 'control', 'Microsoft.Storage/storageAccounts/write', false],
  ['Virtual Machine Contributor', 'control', 'Microsoft.ManagedIdentity/userAssignedIdentities/assign/action', false],
  ['Virtual Machine Administrator Login', 'data', 'Microsoft.Compute/virtualMachines/loginAsAdmin/action', true],
  ['Virtual Machine User Login', 'data', 'Microsoft.Compute/virtualMachines/login/action', true],
  ['Virtual Machine User Login', 'data', 'Microsoft.Compute/virtualMachines/loginAsAdmin/action', false],
  ['Virtual Machine User Login', 'control', 'Microsoft.Compute/virtualMachines/login/action', false],
  ['Managed Identity Operator', 'control', 'Microsoft.ManagedIdentity/userAssignedIdentities/x/assign/action', true],
  ['Managed Identity Operator', 'control', 'Microsoft.ManagedIdentity/userAssignedIdentities/write', false],
  ['Managed Identity Contributor', 'control', 'Microsoft.ManagedIdentity/userAssignedIdentities/write', true],
  [
    'Managed Identity Contributor',
    'control',
    'Microsoft.ManagedIdentity/userAssignedIdentities/x/assign/action',
    false,
  ],
  ['Storage Account Contributor', 'control', 'Microsoft.Storage/storageAccounts/listServiceSas/action', true],
  [
    'Storage Account Contributor',
    'data',
    'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read',
    false,
  ],
  ['Storage Account Key Operator Service Role', 'control', 'Microsoft.Storage/storageAccounts/listKeys/action', true],
  ['Storage Blob Data Reader', 'data', 'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read', true],
  ['Storage Blob Data Reader', 'data', 'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write', false],
  [
    'Storage Blob Data Contributor',
    'data',
    'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write',
    true,
  ],
  [
    'Storage Blob Data Contributor',
    'data',
    'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/x/y',
    false,
  ],
  ['Storage Blob Data Owner', 'data', 'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/x/y', true],
  ['Key Vault Administrator', 'data', getSecret, true],
  ['Key Vault Administrator', 'control', 'Microsoft.KeyVault/vaults/write', false],
  ['Key Vault Contributor', 'control', 'Microsoft.KeyVault/vaults/write', true],
  ['Key Vault Contributor', 'control', 'Microsoft.KeyVault/locations/deletedVaults/purge/action', false],
  ['Key Vault Contributor', 'data', getSecret, false],
  ['Key Vault Reader', 'data', 'Microsoft.KeyVault/vaults/secrets/readMetadata/action', true],
  ['Key Vault Reader', 'data', getSecret, false],
  ['Key Vault Secrets User', 'data', getSecret, true],
  ['Key Vault Secrets User', 'data', 'Microsoft.KeyVault/vaults/secrets/setSecret/action', false],
  ['Key Vault Secrets Officer', 'data', 'Microsoft.KeyVault/vaults/secrets/setSecret/action', true],
  ['Key Vault Secrets Officer', 'data', 'Microsoft.KeyVault/vaults/keys/read', false],
  ['Key Vault Certificate User', 'data', getSecret, true],
  ['Key Vault Certificates Officer', 'data', getSecret, false],
  ['Key Vault Crypto User', 'data', 'Microsoft.KeyVault/vaults/keys/sign/action', true],
  ['Key Vault Crypto User', 'data', 'Microsoft.KeyVault/vaults/keys/create/action', false],
]

for (const [role, kind, action, expected] of rights) {
  test(`${role} ${expected ? 'allows' : 'does not allow'} the ${kind} action ${action}`, () => {
    const assignment = assigned(role)
    assert.deepEqual(ask([assignment], { action, kind }), expected ? { allowed: true, assignment } : denied)
  })
}

test('without any assignment nothing is allowed', () => {
  assert.deepEqual(ask([], { action: 'Microsoft.Compute/virtualMachines/read' }), denied)
})

test('an assignment of a role that no longer exists allows nothing', () => {
  const orphan = assigned('00000000-0000-0000-0000-000000000000')
  assert.deepEqual(ask([orphan], { action: 'Microsoft.Compute/virtualMachines/read' }), denied)
})

const reach: [assignedAt: string, askedAt: string, expected: boolean][] = [
  ['/', secret, true],
  [subscription, secret, true],
  [`${group} `, secret, true],
  [vault, secret, true],
  [secret, secret, true],
  [secret, `${vault}/secrets/other`, false],
  [secret, vault, false],
  [`${group}2`, secret, false],
  [group, secret.replace('/g/', '/g2/'), false],
  ['', secret, false],
]

for (const [assignedAt, askedAt, expected] of reach) {
  test(`a role assigned at "${assignedAt}" ${expected ? 'reaches' : 'does not reach'} "${askedAt}"`, () => {
    const decision = ask([assigned('Key Vault Secrets User', assignedAt)], {
      action: getSecret,
      kind: 'data',
      scope: askedAt,
    })
    assert.equal(decision.allowed, expected)
  })
}

test('what one role excepts another may grant, and the decision names the one that does', () => {
  const contributor = assigned('Contributor')
  const administrator = assigned('User Access Administrator', subscription)
  assert.deepEqual(ask([contributor, administrator], { action: writeAssignment }), {
    allowed: true,
    assignment: administrator,
  })
})

test('an exception subtracts from its own block of rights only', () => {
  const role = customRole(
    { actions: ['Microsoft.Compute/*'], notActions: ['*/delete', 'Microsoft.Compute/virtualMachines/*/action'] },
    { actions: ['Microsoft.Compute/virtualMachines/start/action'] },
  )
  const may = (action: string) => ask([assigned(role.name)], { action }, [role]).allowed
  assert.equal(may('Microsoft.Compute/virtualMachines/write'), true)
  assert.equal(may('Microsoft.Compute/virtualMachines/delete'), false)
  assert.equal(may('Microsoft.Compute/virtualMachines/restart/action'), false)
  assert.equal(may('Microsoft.Compute/virtualMachines/start/action'), true)
  assert.equal(may('Microsoft.Network/virtualNetworks/write'), false)
})

test('exceptions of one kind of right leave the other kind alone', () => {
  const role = customRole({ actions: ['*'], notActions: ['*/b'], dataActions: ['*'], notDataActions: ['*/a'] })
  const may = (kind: 'control' | 'data', action: string) => ask([assigned(role.name)], { action, kind }, [role]).allowed
  assert.equal(may('control', 'X/a'), true)
  assert.equal(may('control', 'X/b'), false)
  assert.equal(may('data', 'X/a'), false)
  assert.equal(may('data', 'X/b'), true)
})

test('a role with exceptions alone grants nothing', () => {
  const role = customRole({ notActions: ['*'] }, { notDataActions: ['*'] })
  assert.deepEqual(ask([assigned(role.name)], { action: 'X/read' }, [role]), denied)
})

const blobRead = 'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read'
const containerName = 'Microsoft.Storage/storageAccounts/blobServices/containers:name'
const onlyPublic = `((!(ActionMatches{'${blobRead}'})) OR (@Resource[${containerName}] StringEquals 'public'))`
const container =
  (name: string): Attributes =>
  (source, attribute) =>
    source === 'Resource' && attribute === containerName ? name : undefined

test('the condition of an assignment narrows what its role grants', () => {
  const assignment = assigned('Storage Blob Data Contributor', group, { condition: onlyPublic })
  const may = (action: string, attributes: Attributes) => ask([assignment], { action, kind: 'data', attributes })
  assert.deepEqual(may(blobRead, container('public')), { allowed: true, assignment })
  assert.deepEqual(may(blobRead, container('private')), { allowed: false, conditionFailed: true })
  assert.deepEqual(may(blobRead, nothingKnown), { allowed: false, conditionFailed: true })
  assert.deepEqual(may(blobRead.replace('read', 'write'), container('private')), { allowed: true, assignment })
  assert.deepEqual(may('Microsoft.Storage/other/read', container('private')), denied)
})

test('a condition that fails does not stand in the way of another assignment', () => {
  const narrow = assigned('Storage Blob Data Reader', group, { condition: onlyPublic })
  const wide = assigned('Storage Blob Data Reader', subscription)
  assert.deepEqual(ask([narrow, wide], { action: blobRead, kind: 'data', attributes: container('private') }), {
    allowed: true,
    assignment: wide,
  })
})

test('a condition sees the sub-operation of the request', () => {
  const condition = `!(ActionMatches{'${blobRead}'} AND NOT SubOperationMatches{'Blob.List'})`
  const assignments = [assigned('Storage Blob Data Reader', group, { condition })]
  assert.equal(ask(assignments, { action: blobRead, kind: 'data' }).allowed, false)
  assert.equal(ask(assignments, { action: blobRead, kind: 'data', subOperation: 'Blob.List' }).allowed, true)
})

test('the conditions of role and assignment must both hold', () => {
  const role = customRole({ dataActions: ['*'], condition: onlyPublic, conditionVersion: '2.0' })
  const may = (condition: string, name: string) =>
    ask([assigned(role.name, group, { condition })], { action: blobRead, kind: 'data', attributes: container(name) }, [
      role,
    ]).allowed
  assert.equal(may("ActionMatches{'*/read'}", 'public'), true)
  assert.equal(may("ActionMatches{'*/read'}", 'private'), false)
  assert.equal(may("ActionMatches{'*/write'}", 'public'), false)
})

test('a condition that cannot be read is not met, even where it is empty', () => {
  for (const condition of ['', 'nonsense', "ActionMatches{'*'} AND"]) {
    assert.deepEqual(ask([assigned('Owner', group, { condition })], { action: 'X/read' }), {
      allowed: false,
      conditionFailed: true,
    })
  }
})

const roleDefinitionId = 'Microsoft.Authorization/roleAssignments:RoleDefinitionId'
const aboutRole =
  (source: 'Request' | 'Resource', guid: string): Attributes =>
  (asked, name) =>
    asked === source && name === roleDefinitionId ? guid : undefined

const delegable = [
  'Key Vault Administrator',
  'Key Vault Certificates Officer',
  'Key Vault Crypto Officer',
  'Key Vault Crypto Service Encryption User',
  'Key Vault Crypto User',
  'Key Vault Reader',
  'Key Vault Secrets Officer',
  'Key Vault Secrets User',
]

test('a Key Vault Data Access Administrator gives and takes the eight listed roles and no other', () => {
  const delegate = [assigned('Key Vault Data Access Administrator')]
  for (const { roleName, name } of builtInRoles) {
    const expected = delegable.includes(roleName)
    const give = ask(delegate, { action: writeAssignment, attributes: aboutRole('Request', name.toUpperCase()) })
    const take = ask(delegate, { action: deleteAssignment, attributes: aboutRole('Resource', name) })
    assert.equal(give.allowed, expected, roleName)
    assert.equal(take.allowed, expected, roleName)
    if (!expected) assert.deepEqual(give, { allowed: false, conditionFailed: true })
  }
})

test('a delegate is judged by the request when giving a role and by the resource when taking it', () => {
  const delegate = [assigned('Key Vault Data Access Administrator')]
  const listed = guidOf('Key Vault Reader')
  assert.equal(ask(delegate, { action: writeAssignment, attributes: aboutRole('Resource', listed) }).allowed, false)
  assert.equal(ask(delegate, { action: deleteAssignment, attributes: aboutRole('Request', listed) }).allowed, false)
  assert.equal(ask(delegate, { action: 'Microsoft.KeyVault/vaults/secrets/read' }).allowed, true)
})

test('a Virtual Machine Data Access Administrator gives the two login roles only', () => {
  const delegate = [assigned('Virtual Machine Data Access Administrator (preview)')]
  const may = (role: string) =>
    ask(delegate, { action: writeAssignment, attributes: aboutRole('Request', guidOf(role)) }).allowed
  assert.equal(may('Virtual Machine User Login'), true)
  assert.equal(may('Virtual Machine Administrator Login'), true)
  assert.equal(may('Virtual Machine Contributor'), false)
  assert.equal(may('Owner'), false)
})
