/** The shape of the settings: which types may stand where. What the texts in them mean is for read-settings.ts. */

import * as z from 'zod'

export const defaultStore = '/var/lib/waagent/Microsoft.Azure.KeyVault.Store'
export const metadataEndpoint = 'http://169.254.169.254/metadata/identity'

/** Deployments by template and by command line give `true` and `"true"` alike. */
const flag = z.preprocess(
  value => (typeof value === 'string' && /^(true|false)$/i.test(value) ? value.toLowerCase() === 'true' : value),
  z.boolean(),
)

const seconds = z.preprocess(value => (typeof value === 'number' ? String(value) : value), z.string())

const acl = z.looseObject({ user: z.string().optional(), group: z.string().optional() })

const command = z.array(z.string()).min(1)

const observed = z.preprocess(
  // Versions 1 and 2 had addresses alone.
  value => (typeof value === 'string' ? { url: value } : value),
  z.looseObject({
    url: z.string(),
    certificateStoreLocation: z.string().nullish(),
    customSymbolicLinkName: z.string().nullish(),
    acls: z.array(acl).nullish(),
    authenticationOverride: z.looseObject({ msiEndpoint: z.string().nullish(), msiClientId: z.string() }).nullish(),
    splitFiles: flag.nullish(),
    afterRenewal: z.unknown().optional(),
    verify: z.looseObject({ host: z.string().default('localhost'), port: z.int().min(1).max(65_535) }).nullish(),
  }),
)

/** Whatever is not named is left alone: people keep other things there, and Azure's extension does not mind. */
export const settingsSchema = z.looseObject({
  secretsManagementSettings: z.looseObject({
    pollingIntervalInS: seconds.default('3600'),
    requireInitialSync: flag.default(false),
    aclEnabled: flag.default(false),
    certificateStoreLocation: z.string().default(defaultStore),
    observedCertificates: z.array(observed).min(1),
  }),
  authenticationSettings: z
    .looseObject({ msiEndpoint: z.string().nullish(), msiClientId: z.string().nullish() })
    .nullish(),
  loggingSettings: z
    .looseObject({
      logger: z.string().default('fluentd'),
      endpoint: z.string(),
      format: z.string().default('forward'),
      servicename: z.string().min(1).default('akvvm_service'),
    })
    .nullish(),
})

export const reloadSchema = z.strictObject({ reload: z.string() })
export const commandsSchema = z.union([command.transform(one => [one]), z.array(command).min(1)])

export type RawSettings = z.infer<typeof settingsSchema>
export type RawCertificate = RawSettings['secretsManagementSettings']['observedCertificates'][number]
