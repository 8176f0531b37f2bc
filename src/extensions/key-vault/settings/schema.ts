/** The shape of the settings: which types may stand where. What the texts in them mean is for read-settings.ts. */

import * as z from 'zod'

export const defaultStore = '/var/lib/waagent/Microsoft.Azure.KeyVault.Store'
export const metadataEndpoint = 'http://169.254.169.254/metadata/identity'

/** Templates with optional parameters give null, or an empty text, for what is left open. */
const orAbsent = <T extends z.ZodType>(schema: T, { empty = false } = {}) =>
  z.preprocess(value => (value === null || (empty && value === '') ? undefined : value), schema.optional())

/** Deployments by template and by command line give `true` and `"true"` alike. */
const flag = z.preprocess(
  value => (typeof value === 'string' && /^(true|false)$/i.test(value) ? value.toLowerCase() === 'true' : value),
  z.boolean(),
)

const seconds = z.preprocess(value => (typeof value === 'number' ? String(value) : value), z.string())

const name = orAbsent(z.string(), { empty: true })

const port = z.int().refine(one => one > 0 && one < 65_536, 'a number from 1 to 65535 is expected')

const acl = z.looseObject({ user: name, group: name })

const command = z.array(z.string()).min(1)

const observed = z.preprocess(
  // Versions 1 and 2 had addresses alone.
  value => (typeof value === 'string' ? { url: value } : value),
  z.looseObject({
    url: z.string(),
    certificateStoreLocation: name,
    customSymbolicLinkName: name,
    acls: z.array(acl).nullish(),
    authenticationOverride: z.looseObject({ msiEndpoint: z.string().nullish(), msiClientId: z.string() }).nullish(),
    splitFiles: flag.nullish(),
    afterRenewal: z.unknown().optional(),
    verify: z.looseObject({ host: name.transform(host => host ?? 'localhost'), port }).nullish(),
  }),
)

/** Whatever is not named is left alone: people keep other things there, and Azure's extension does not mind. */
export const settingsSchema = z.looseObject({
  secretsManagementSettings: z.looseObject({
    pollingIntervalInS: orAbsent(seconds).transform(text => text ?? '3600'),
    requireInitialSync: orAbsent(flag).transform(wanted => wanted ?? false),
    aclEnabled: orAbsent(flag).transform(wanted => wanted ?? false),
    certificateStoreLocation: name.transform(path => path ?? defaultStore),
    observedCertificates: z.array(observed).min(1, 'it names no certificate; at least one is expected'),
  }),
  authenticationSettings: z
    .looseObject({ msiEndpoint: z.string().nullish(), msiClientId: z.string().nullish() })
    .nullish(),
  loggingSettings: z
    .looseObject({
      logger: name.transform(text => text ?? 'fluentd'),
      endpoint: z.string(),
      format: name.transform(text => text ?? 'forward'),
      servicename: name.transform(text => text ?? 'akvvm_service'),
    })
    .nullish(),
})

export const reloadSchema = z.strictObject({ reload: z.string() })
export const commandsSchema = z.union([command.transform(one => [one]), z.array(command).min(1)])

export type RawSettings = z.infer<typeof settingsSchema>
export type RawCertificate = RawSettings['secretsManagementSettings']['observedCertificates'][number]
