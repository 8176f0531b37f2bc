import type { ColumnType, Generated } from 'kysely'

/**
 * The tables, as both engines know them. Times are milliseconds since 1970. Columns that end in `_key` hold the
 * lower-case form that ids are compared by; the form the caller wrote stands beside them. `json` columns hold text.
 */
export type Tables = {
  settings: { name: string; value: string }
  resources: ResourceTable
  role_assignments: RoleAssignmentTable
  role_definitions: { name: string; json: string }
  principals: PrincipalTable
  applications: ApplicationTable
  credentials: CredentialTable
  sign_in_failures: { subject: string; failures: number; blocked_until: number }
  observed_certificates: { machine: string; json: string; said_at: number }
  sessions: { id_hash: string; kind: string; json: string; expires_at: number }
  signing_keys: {
    kid: string
    sealed_private_key: Uint8Array
    public_jwk: string
    created_at: number
    retired_at: number | null
  }
  async_operations: AsyncOperationTable
  vaults: VaultTable
  vault_objects: VaultObjectTable
  vault_versions: VaultVersionTable
  audit: AuditTable
  storage_accounts: StorageAccountTable
  blob_containers: BlobContainerTable
  blobs: BlobTable
  blob_blocks: BlobBlockTable
  blob_container_sizes: BlobContainerSizeTable
  blob_tags: { blob: number; container: number; name: string; value: string; blob_name: string }
  content_pieces: ContentPieceTable
  unreferenced_extents: UnreferencedExtentTable
  data_lake_accounts: DataLakeAccountTable
  data_lake_files: DataLakeFileTable
}

export type ResourceTable = {
  id_key: string
  id: string
  type_key: string
  /** The scope of the container: a resource group, a parent resource or a subscription. */
  container_key: string
  subscription_key: string
  group_key: string
  name: string
  etag: string
  json: string
  created_at: number
  changed_at: number
}

export type RoleAssignmentTable = {
  name: string
  id_key: string
  scope: string
  scope_key: string
  principal_id: string
  role_definition_id: string
  json: string
}

export type PrincipalTable = {
  object_id: string
  kind: 'user' | 'application' | 'managedIdentity'
  client_id: string | null
  user_principal_name_key: string | null
  display_name: string
  /** The ARM id of the resource a managed identity belongs to, lower-case. */
  resource_key: string | null
  json: string
  created_at: number
}

export type ApplicationTable = {
  object_id: string
  client_id: string
  display_name: string
  json: string
  created_at: number
}

export type CredentialTable = {
  id: string
  object_id: string
  kind: 'password' | 'secret' | 'certificate' | 'federated'
  /** A scrypt verifier, a SHA-256 of a random secret, a certificate's public part, or issuer and subject. */
  verifier: string
  json: string
  expires_at: number | null
}

export type AsyncOperationTable = {
  id: string
  kind: string
  subscription_key: string
  target: string
  target_key: string
  status: 'InProgress' | 'Succeeded' | 'Failed' | 'Canceled'
  json: string
  created_at: number
  ended_at: number | null
}

export type VaultTable = {
  name_key: string
  id_key: string
  id: string
  subscription_key: string
  /** What the values in this vault are sealed with, itself sealed with the data key. */
  sealed_key: Uint8Array
  created_at: number
  deleted_at: number | null
  purge_at: number | null
  /** The resource, once it is deleted; until then it is among the resources. */
  json: string | null
}

export type VaultObjectTable = {
  vault_key: string
  kind: 'secrets' | 'keys' | 'certificates' | 'settings'
  name_key: string
  name: string
  current_version: string | null
  /** A key or secret that belongs to the certificate of its name. */
  managed: 0 | 1
  json: string
  sealed: Uint8Array | null
  created_at: number
  deleted_at: number | null
  purge_at: number | null
  /** When something has to be done with it by itself, such as a rotation or a renewal. */
  due_at: number | null
}

export type VaultVersionTable = {
  vault_key: string
  kind: 'secrets' | 'keys' | 'certificates' | 'settings'
  name_key: string
  version: string
  previous_version: string | null
  enabled: 0 | 1
  /** Seconds since 1970, as clients see them. */
  not_before: number | null
  expires: number | null
  json: string
  sealed: Uint8Array | null
  created_at: number
  updated_at: number
}

export type AuditTable = {
  sequence: Generated<number>
  at: number
  request_id: string
  correlation_id: string
  plane: string
  operation: string
  scope_key: string
  /** Who: an object id, or 'anonymous', or 'system'. */
  caller: string
  caller_name: string
  source_address: string
  outcome: ColumnType<'Accepted' | 'Succeeded' | 'Denied' | 'Failed'>
  status: number
  changes: 0 | 1
  detail: string
}

export type StorageAccountTable = {
  number: Generated<number>
  name: string
  id: string
  id_key: string
  sealed_keys: Uint8Array
  json: string
  created_at: number
}

export type BlobContainerTable = {
  number: Generated<number>
  /** Null once it is deleted and its content is still being removed. */
  account: number | null
  name: string
  etag: string
  json: string
  created_at: number
  changed_at: number
}

/** Kept by triggers. A container in which nothing has ever been is not here. */
export type BlobContainerSizeTable = {
  container: number
  blobs: number
  bytes: number
}

export type BlobTable = {
  number: Generated<number>
  container: number
  name: string
  /** The time of a snapshot, or '~'. */
  snapshot: string
  kind: 'BlockBlob' | 'AppendBlob' | 'PageBlob'
  etag: string
  length: number
  /** Which pieces it consists of; null when its bytes are here. */
  content: string | null
  created_at: number
  changed_at: number
  deleted_at: number | null
  json: string
  bytes: Uint8Array | null
  /** When it goes for good, once it is deleted. */
  purge_at: number | null
}

export type BlobBlockTable = {
  container: number
  name: string
  block: string
  length: number
  extent: string | null
  created_at: number
  bytes: Uint8Array | null
}

export type ContentPieceTable = {
  content: string
  at: number
  length: number
  block: string | null
  extent: string | null
  extent_at: number
  bytes: Uint8Array | null
}

export type UnreferencedExtentTable = {
  extent: string
  /** When it was first seen without a row that names it. */
  since: number
}

export type DataLakeAccountTable = {
  number: Generated<number>
  name: string
  id: string
  id_key: string
  json: string
  created_at: number
}

export type DataLakeFileTable = {
  number: Generated<number>
  account: number
  /** 0 for the root of an account. */
  parent: number
  name: string
  kind: 'FILE' | 'DIRECTORY'
  length: number
  content: string | null
  acl: string
  created_at: number
  changed_at: number
  read_at: number
  expires_at: number | null
  lease: string | null
  leased_at: number | null
}
