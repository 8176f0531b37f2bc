import { builtIn, housekeeping, type RoleDefinition } from './definition.ts'

const delegationKey = 'Microsoft.Storage/storageAccounts/blobServices/generateUserDelegationKey/action'

export const storageRoles: readonly RoleDefinition[] = [
  builtIn({
    name: '17d1049b-9a84-46fb-8f53-869881c3d3ab',
    roleName: 'Storage Account Contributor',
    description: 'Manages storage accounts, and thereby their keys, which open everything stored in them.',
    actions: [
      ...housekeeping,
      'Microsoft.Insights/diagnosticSettings/*',
      'Microsoft.Network/virtualNetworks/subnets/joinViaServiceEndpoint/action',
      'Microsoft.ResourceHealth/availabilityStatuses/read',
      'Microsoft.Storage/storageAccounts/*',
    ],
  }),
  builtIn({
    name: '81a9662b-bebf-436f-a333-f67b29880f12',
    roleName: 'Storage Account Key Operator Service Role',
    description: 'Lists and regenerates the keys of storage accounts.',
    actions: [
      'Microsoft.Storage/storageAccounts/listkeys/action',
      'Microsoft.Storage/storageAccounts/regeneratekey/action',
    ],
  }),
  builtIn({
    name: 'c12c1c16-33a1-487b-954d-41c89c60f349',
    roleName: 'Reader and Data Access',
    description: 'Sees storage accounts and gets their keys, but neither creates nor deletes an account.',
    actions: [
      'Microsoft.Storage/storageAccounts/listKeys/action',
      'Microsoft.Storage/storageAccounts/ListAccountSas/action',
      'Microsoft.Storage/storageAccounts/read',
    ],
  }),
  builtIn({
    name: '2a2b9908-6ea1-4ae2-8e65-a410df84e7d1',
    roleName: 'Storage Blob Data Reader',
    description: 'Reads containers and blobs.',
    actions: ['Microsoft.Storage/storageAccounts/blobServices/containers/read', delegationKey],
    dataActions: ['Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read'],
  }),
  builtIn({
    name: 'ba92f5b4-2d11-453d-a403-e96b0029c9fe',
    roleName: 'Storage Blob Data Contributor',
    description: 'Reads, writes and deletes containers and blobs.',
    actions: [
      'Microsoft.Storage/storageAccounts/blobServices/containers/delete',
      'Microsoft.Storage/storageAccounts/blobServices/containers/read',
      'Microsoft.Storage/storageAccounts/blobServices/containers/write',
      delegationKey,
    ],
    dataActions: [
      'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/delete',
      'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read',
      'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write',
      'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/move/action',
      'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/add/action',
    ],
  }),
  builtIn({
    name: 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b',
    roleName: 'Storage Blob Data Owner',
    description: 'Does everything with containers and blobs, setting their access control lists too.',
    actions: ['Microsoft.Storage/storageAccounts/blobServices/containers/*', delegationKey],
    dataActions: ['Microsoft.Storage/storageAccounts/blobServices/containers/blobs/*'],
  }),
  builtIn({
    name: 'db58b8e5-c6ad-4a2a-8342-4190687cbf4a',
    roleName: 'Storage Blob Delegator',
    description: 'Gets a user delegation key, with which shared access signatures can be signed.',
    actions: [delegationKey],
  }),
]
