import { builtIn, housekeeping, mayAssignOnly, type RoleDefinition } from './definition.ts'

const administrator = '00482a5a-887f-4fb3-b363-3b7fe8e74483'
const certificatesOfficer = 'a4417e6f-fecd-4de8-b567-7b0420556985'
const cryptoOfficer = '14b46e9e-c2b7-41b4-b07b-48a6ebf60603'
const cryptoServiceEncryptionUser = 'e147488a-f6f5-4113-8e2d-b22465e65bf6'
const cryptoUser = '12338af0-0e69-4776-bea7-57ae8d297424'
const reader = '21090545-7ca7-4776-b22c-e363652d74d2'
const secretsOfficer = 'b86a8fe4-44ce-4948-aee5-eccb2c155cd7'
const secretsUser = '4633458b-17de-408a-b874-0445c86b69e6'

const seeVaults = [
  ...housekeeping,
  'Microsoft.KeyVault/checkNameAvailability/read',
  'Microsoft.KeyVault/deletedVaults/read',
  'Microsoft.KeyVault/locations/*/read',
  'Microsoft.KeyVault/vaults/*/read',
  'Microsoft.KeyVault/operations/read',
] as const

export const keyVaultRoles: readonly RoleDefinition[] = [
  builtIn({
    name: administrator,
    roleName: 'Key Vault Administrator',
    description: 'Does everything with the contents of a vault; manages neither the vault nor access to it.',
    actions: seeVaults,
    dataActions: ['Microsoft.KeyVault/vaults/*'],
  }),
  builtIn({
    name: 'f25e0fa2-a7c8-4377-a976-54943a77a395',
    roleName: 'Key Vault Contributor',
    description: 'Manages vaults, but neither reads their contents nor purges them.',
    actions: [...housekeeping, 'Microsoft.KeyVault/*'],
    notActions: [
      'Microsoft.KeyVault/locations/deletedVaults/purge/action',
      'Microsoft.KeyVault/hsmPools/*',
      'Microsoft.KeyVault/managedHsms/*',
    ],
  }),
  builtIn({
    name: reader,
    roleName: 'Key Vault Reader',
    description: 'Sees what a vault holds, but no value of a secret and no key material.',
    actions: seeVaults,
    dataActions: ['Microsoft.KeyVault/vaults/*/read', 'Microsoft.KeyVault/vaults/secrets/readMetadata/action'],
  }),
  builtIn({
    name: secretsOfficer,
    roleName: 'Key Vault Secrets Officer',
    description: 'Does everything with the secrets of a vault.',
    actions: seeVaults,
    dataActions: ['Microsoft.KeyVault/vaults/secrets/*'],
  }),
  builtIn({
    name: secretsUser,
    roleName: 'Key Vault Secrets User',
    description: 'Reads secrets.',
    dataActions: [
      'Microsoft.KeyVault/vaults/secrets/getSecret/action',
      'Microsoft.KeyVault/vaults/secrets/readMetadata/action',
    ],
  }),
  builtIn({
    name: certificatesOfficer,
    roleName: 'Key Vault Certificates Officer',
    description: 'Does everything with the certificates of a vault.',
    actions: seeVaults,
    dataActions: [
      'Microsoft.KeyVault/vaults/certificatecas/*',
      'Microsoft.KeyVault/vaults/certificates/*',
      'Microsoft.KeyVault/vaults/certificatecontacts/write',
    ],
  }),
  builtIn({
    name: 'db79e9a7-68ee-4b58-9aeb-b90e7c24fcba',
    roleName: 'Key Vault Certificate User',
    description: 'Reads certificates with their private keys.',
    dataActions: [
      'Microsoft.KeyVault/vaults/certificates/read',
      'Microsoft.KeyVault/vaults/secrets/getSecret/action',
      'Microsoft.KeyVault/vaults/secrets/readMetadata/action',
      'Microsoft.KeyVault/vaults/keys/read',
    ],
  }),
  builtIn({
    name: cryptoOfficer,
    roleName: 'Key Vault Crypto Officer',
    description: 'Does everything with the keys of a vault.',
    actions: seeVaults,
    dataActions: ['Microsoft.KeyVault/vaults/keys/*', 'Microsoft.KeyVault/vaults/keyrotationpolicies/*'],
  }),
  builtIn({
    name: cryptoUser,
    roleName: 'Key Vault Crypto User',
    description: 'Encrypts, decrypts, wraps, unwraps, signs and verifies with keys.',
    dataActions: [
      'Microsoft.KeyVault/vaults/keys/read',
      'Microsoft.KeyVault/vaults/keys/update/action',
      'Microsoft.KeyVault/vaults/keys/backup/action',
      'Microsoft.KeyVault/vaults/keys/encrypt/action',
      'Microsoft.KeyVault/vaults/keys/decrypt/action',
      'Microsoft.KeyVault/vaults/keys/wrap/action',
      'Microsoft.KeyVault/vaults/keys/unwrap/action',
      'Microsoft.KeyVault/vaults/keys/sign/action',
      'Microsoft.KeyVault/vaults/keys/verify/action',
    ],
  }),
  builtIn({
    name: cryptoServiceEncryptionUser,
    roleName: 'Key Vault Crypto Service Encryption User',
    description: 'Reads keys, and wraps and unwraps with them.',
    actions: [
      'Microsoft.EventGrid/eventSubscriptions/write',
      'Microsoft.EventGrid/eventSubscriptions/read',
      'Microsoft.EventGrid/eventSubscriptions/delete',
    ],
    dataActions: [
      'Microsoft.KeyVault/vaults/keys/read',
      'Microsoft.KeyVault/vaults/keys/wrap/action',
      'Microsoft.KeyVault/vaults/keys/unwrap/action',
    ],
  }),
  builtIn({
    name: '08bbd89e-9f13-488c-ac41-acfcb10c90ab',
    roleName: 'Key Vault Crypto Service Release User',
    description: 'Releases keys.',
    dataActions: ['Microsoft.KeyVault/vaults/keys/release/action'],
  }),
  builtIn({
    name: '8b54135c-b56d-4d72-a534-26097cfdc8d8',
    roleName: 'Key Vault Data Access Administrator',
    description: 'Gives and takes eight of the roles for the contents of vaults, and no other role.',
    actions: [
      'Microsoft.Authorization/roleAssignments/write',
      'Microsoft.Authorization/roleAssignments/delete',
      'Microsoft.Authorization/*/read',
      'Microsoft.Resources/deployments/*',
      'Microsoft.Resources/subscriptions/resourceGroups/read',
      'Microsoft.Resources/subscriptions/read',
      'Microsoft.Management/managementGroups/read',
      'Microsoft.Support/*',
      'Microsoft.KeyVault/vaults/*/read',
    ],
    ...mayAssignOnly([
      administrator,
      certificatesOfficer,
      cryptoOfficer,
      cryptoServiceEncryptionUser,
      cryptoUser,
      reader,
      secretsOfficer,
      secretsUser,
    ]),
  }),
]
