import * as z from 'zod'
import type { Vault } from '../store/vaults.ts'

const permissions = z.array(z.string()).optional()

export const mostAccessPolicies = 1024

/** Whether it can ever let anybody in is asked where it is written. */
export const accessPolicy = z.looseObject({
  tenantId: z.string().max(64),
  objectId: z.string().min(1).max(64),
  applicationId: z.guid().optional(),
  permissions: z.looseObject({
    keys: permissions,
    secrets: permissions,
    certificates: permissions,
    storage: permissions,
  }),
})
export type AccessPolicy = z.infer<typeof accessPolicy>

const addressRange = z.union([z.ipv4(), z.cidrv4()], 'an IPv4 address or range was expected')

/** What a vault's resource says about it. */
export const vaultProperties = z.looseObject({
  tenantId: z.guid().optional(),
  sku: z.looseObject({ family: z.literal('A').default('A'), name: z.enum(['standard', 'premium']) }).optional(),
  accessPolicies: z.array(accessPolicy).optional(),
  enabledForDeployment: z.boolean().optional(),
  enabledForDiskEncryption: z.boolean().optional(),
  enabledForTemplateDeployment: z.boolean().optional(),
  enableSoftDelete: z.boolean().optional(),
  softDeleteRetentionInDays: z.int().optional(),
  enableRbacAuthorization: z.boolean().optional(),
  enablePurgeProtection: z.boolean().optional(),
  createMode: z.enum(['default', 'recover']).optional(),
  networkAcls: z
    .looseObject({
      bypass: z.enum(['AzureServices', 'None']).optional(),
      defaultAction: z.enum(['Allow', 'Deny']).optional(),
      ipRules: z
        .array(z.looseObject({ value: addressRange }))
        .max(1000)
        .optional(),
      virtualNetworkRules: z
        .array(z.looseObject({ id: z.string() }))
        .max(200)
        .optional(),
    })
    .optional(),
  publicNetworkAccess: z.string().optional(),
})
export type VaultProperties = z.infer<typeof vaultProperties>

/** They were checked when the vault was written. */
export const propertiesOf = ({ body }: Pick<Vault, 'body'>) => body.properties as VaultProperties

const dayMs = 86_400_000
export const longestRetentionDays = 90
export const shortestRetentionDays = 7

export const retentionDaysOf = (vault: Pick<Vault, 'body'>): number =>
  propertiesOf(vault).softDeleteRetentionInDays ?? longestRetentionDays

export const isPurgeProtected = (vault: Pick<Vault, 'body'>): boolean =>
  propertiesOf(vault).enablePurgeProtection === true

/** When something that is deleted now is gone for good. */
export const purgeTime = (vault: Pick<Vault, 'body'>, now: number): number => now + retentionDaysOf(vault) * dayMs

export function recoveryLevelOf(vault: Pick<Vault, 'body'>): string {
  const level = retentionDaysOf(vault) === longestRetentionDays ? 'Recoverable' : 'CustomizedRecoverable'
  return isPurgeProtected(vault) ? level : `${level}+Purgeable`
}
