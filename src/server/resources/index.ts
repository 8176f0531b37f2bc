import type { Job, ResourceType } from '../arm/resource-type.ts'
import type { Operation } from '../door/operation.ts'
import { certificates } from './lazuli.server/certificates.ts'
import { clock } from './lazuli.server/clock.ts'
import { publishExtensionPackage } from './lazuli.server/extension-packages.ts'
import { issuingAuthority } from './lazuli.server/issuing-authority.ts'
import { machines } from './lazuli.server/machines.ts'
import { status } from './lazuli.server/status.ts'
import { stop } from './lazuli.server/stop.ts'
import { tickets } from './lazuli.server/tickets.ts'
import { authorizationVersions } from './microsoft.authorization/api-versions.ts'
import { permissionOperations } from './microsoft.authorization/permissions.ts'
import { roleAssignmentOperations } from './microsoft.authorization/role-assignments.ts'
import { roleDefinitionOperations } from './microsoft.authorization/role-definitions.ts'
import { extensions } from './microsoft.compute/extensions/extensions.ts'
import { extensionListings } from './microsoft.compute/extensions/listings.ts'
import { computeListings, imageAliases } from './microsoft.compute/listings.ts'
import { runCommands } from './microsoft.compute/run-commands/run-commands.ts'
import { sshPublicKeys } from './microsoft.compute/ssh-public-keys.ts'
import { virtualMachines } from './microsoft.compute/virtual-machines.ts'
import { checkDataLakeName } from './microsoft.datalakestore/account-names.ts'
import {
  dataLakeFirewallRules,
  dataLakeIdProviders,
  dataLakeNetworkRules,
} from './microsoft.datalakestore/account-rules.ts'
import { dataLakeAccounts } from './microsoft.datalakestore/accounts.ts'
import { activityLog, activityVersions } from './microsoft.insights/activity-log.ts'
import { accessPolicies, accessPoliciesType } from './microsoft.keyvault/access-policies.ts'
import { keyVaultVersions } from './microsoft.keyvault/api-versions.ts'
import { deletedVaultOperations } from './microsoft.keyvault/deleted-vaults.ts'
import { deletedHsmOperations, managedHsms } from './microsoft.keyvault/managed-hsms.ts'
import { hsmNameAvailability, vaultNameAvailability } from './microsoft.keyvault/name-availability.ts'
import { privateEndpointConnections, privateLinkResources } from './microsoft.keyvault/private-links.ts'
import { vaultKeyOperations, vaultKeysType, vaultKeyVersionsType } from './microsoft.keyvault/vault-keys.ts'
import { vaultSecretOperations, vaultSecretsType } from './microsoft.keyvault/vault-secrets.ts'
import { vaults } from './microsoft.keyvault/vaults.ts'
import { federatedIdentityCredentials } from './microsoft.managedidentity/federated-identity-credentials.ts'
import { systemAssignedIdentity, systemAssignedVersions } from './microsoft.managedidentity/system-assigned-identity.ts'
import { userAssignedIdentities } from './microsoft.managedidentity/user-assigned-identities.ts'
import { networkInterfaces } from './microsoft.network/network-interfaces.ts'
import { networkSecurityGroups } from './microsoft.network/network-security-groups.ts'
import { publicIPAddresses } from './microsoft.network/public-ip-addresses.ts'
import { securityRules } from './microsoft.network/security-rules.ts'
import { subnets } from './microsoft.network/subnets.ts'
import { virtualNetworks } from './microsoft.network/virtual-networks.ts'
import { aliasOperations } from './microsoft.resources/aliases.ts'
import { resourcesVersions } from './microsoft.resources/api-versions.ts'
import { deploymentOperations, deploymentType, runDeployment } from './microsoft.resources/deployments.ts'
import { metadataOperations } from './microsoft.resources/metadata-endpoints.ts'
import { type Kind, providerOperations } from './microsoft.resources/providers.ts'
import { deleteResourceGroup } from './microsoft.resources/resource-group-deletion.ts'
import { groupType, resourceGroupOperations } from './microsoft.resources/resource-groups.ts'
import { resourceListOperations } from './microsoft.resources/resource-list.ts'
import { subscriptionOperations } from './microsoft.resources/subscriptions.ts'
import { tenantOperations } from './microsoft.resources/tenants.ts'
import { checkAccountName, storageSkus } from './microsoft.storage/account-names.ts'
import { blobServiceOperations } from './microsoft.storage/blob-settings.ts'
import { containerOperations } from './microsoft.storage/containers.ts'
import { storageAccounts } from './microsoft.storage/storage-accounts.ts'

/** One line for each resource type. */
export const resourceTypes: readonly ResourceType[] = [
  virtualMachines,
  extensions,
  runCommands,
  sshPublicKeys,
  userAssignedIdentities,
  federatedIdentityCredentials,
  virtualNetworks,
  subnets,
  networkSecurityGroups,
  securityRules,
  publicIPAddresses,
  networkInterfaces,
  storageAccounts,
  dataLakeAccounts,
  dataLakeFirewallRules,
  dataLakeNetworkRules,
  dataLakeIdProviders,
  vaults,
  privateEndpointConnections,
  managedHsms,
]

/** What a client finds among the providers besides the resource types. */
const otherKinds: readonly Kind[] = [
  { type: 'Microsoft.Resources/tenants', apiVersions: resourcesVersions },
  { type: 'Microsoft.Resources/subscriptions', apiVersions: resourcesVersions },
  { type: groupType, apiVersions: resourcesVersions },
  { type: deploymentType, apiVersions: resourcesVersions },
  { type: 'Microsoft.Authorization/roleAssignments', apiVersions: authorizationVersions },
  { type: 'Microsoft.Authorization/roleDefinitions', apiVersions: authorizationVersions },
  { type: 'Microsoft.Authorization/permissions', apiVersions: authorizationVersions },
  { type: 'Microsoft.Authorization/denyAssignments', apiVersions: authorizationVersions },
  { type: 'Microsoft.ManagedIdentity/identities', apiVersions: systemAssignedVersions },
  { type: 'Microsoft.Insights/eventtypes', apiVersions: activityVersions },
  { type: vaultSecretsType, apiVersions: keyVaultVersions },
  { type: vaultKeysType, apiVersions: keyVaultVersions },
  { type: vaultKeyVersionsType, apiVersions: keyVaultVersions },
  { type: accessPoliciesType, apiVersions: keyVaultVersions },
]

/** Everything that a path can name. */
export const kinds: readonly Kind[] = [...resourceTypes, ...otherKinds]

/** What is not a resource of its own: listings, and types whose ids or rules are unlike all others. */
export const operations: readonly Operation[] = [
  status,
  machines,
  certificates,
  issuingAuthority,
  clock,
  tickets,
  publishExtensionPackage,
  stop,
  ...metadataOperations,
  ...tenantOperations,
  ...subscriptionOperations,
  ...aliasOperations,
  ...resourceGroupOperations,
  ...resourceListOperations,
  ...roleAssignmentOperations,
  ...roleDefinitionOperations,
  ...permissionOperations,
  systemAssignedIdentity,
  activityLog,
  accessPolicies,
  ...deletedVaultOperations,
  vaultNameAvailability,
  hsmNameAvailability,
  ...deletedHsmOperations,
  privateLinkResources,
  ...vaultSecretOperations,
  ...vaultKeyOperations,
  ...computeListings,
  ...extensionListings,
  imageAliases,
  checkAccountName,
  storageSkus,
  ...blobServiceOperations,
  ...containerOperations,
  checkDataLakeName,
  ...deploymentOperations(kinds),
  ...providerOperations(kinds),
]

/** Work that goes on after an answer, of what is not a resource type: what `<type>/<verb>` means. */
export const asyncKinds: readonly { type: string; work: Readonly<Record<string, (job: Job) => Promise<unknown>>> }[] = [
  { type: groupType, work: { delete: job => deleteResourceGroup(job, resourceTypes) } },
  { type: deploymentType, work: { write: runDeployment } },
]
