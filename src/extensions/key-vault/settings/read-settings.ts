/**
 * Public settings → what they ask for. Everything is checked here, before anything is done; the first thing that is
 * wrong is named with the place where it stands and what would be right.
 */

import type * as z from 'zod'
import { asRecord } from '../../host/unknown.ts'
import { readAfterRenewal } from './after-renewal.ts'
import { SettingsFailure } from './failure.ts'
import { readIdentity } from './identity.ts'
import { readLogging } from './logging.ts'
import { type RawCertificate, type RawSettings, settingsSchema } from './schema.ts'
import { parseSecretUrl } from './secret-url.ts'
import type { Identity, ObservedCertificate, Principal, Wish } from './wish.ts'

/** Throws SettingsFailure. */
export function readSettings(publicSettings: unknown): Wish {
  refuseWrongNesting(publicSettings)
  const parsed = settingsSchema.safeParse(publicSettings)
  if (!parsed.success) throw failureOf(parsed.error.issues[0], publicSettings)
  const { secretsManagementSettings: management, authenticationSettings, loggingSettings } = parsed.data
  const identity = readIdentity(authenticationSettings ?? {}, 'authenticationSettings')
  const certificates = management.observedCertificates.map((raw, at) => readCertificate(raw, at, management, identity))
  refuseSharedLinks(certificates)
  return {
    pollingIntervalSec: readInterval(management.pollingIntervalInS),
    requireInitialSync: management.requireInitialSync,
    certificates,
    logging: loggingSettings ? readLogging(loggingSettings) : undefined,
    remarks: [
      ...remarksOn(certificates),
      ...(authenticationSettings?.msiClientId && !authenticationSettings.msiEndpoint
        ? [`authenticationSettings.msiEndpoint is missing; ${identity.endpoint} is used.`]
        : []),
    ],
  }
}

function refuseWrongNesting(publicSettings: unknown): void {
  if (typeof publicSettings === 'string')
    throw new SettingsFailure(
      'not an object',
      'The settings are a text instead of an object: PowerShell and shells turn " into \\" on the way. Pass them from a file, as in --settings \'@settings.json\' or -SettingString (Get-Content -Raw settings.json).',
    )
  const root = asRecord(publicSettings)
  for (const wrapper of ['settings', 'publicSettings', 'properties'])
    if (root[wrapper] !== undefined && root.secretsManagementSettings === undefined)
      throw new SettingsFailure(
        'not an object',
        `Leave out the outer '${wrapper}': secretsManagementSettings must be at the top of the settings.`,
      )
  for (const inner of ['observedCertificates', 'pollingIntervalInS', 'certificateStoreLocation'])
    if (root[inner] !== undefined)
      throw new SettingsFailure('not an object', `Move '${inner}' into secretsManagementSettings.`)
  const management = asRecord(root.secretsManagementSettings)
  for (const sibling of ['authenticationSettings', 'loggingSettings'])
    if (management[sibling] !== undefined)
      throw new SettingsFailure(
        `misplaced ${sibling}`,
        `Move '${sibling}' out of secretsManagementSettings: both stand side by side, and there it would not be used.`,
      )
}

/** Azure's extension knows these two reasons. */
const azureReasons: Readonly<Record<string, string>> = { object: 'not an object', string: 'not a string' }

function failureOf(issue: z.core.$ZodIssue | undefined, publicSettings: unknown): SettingsFailure {
  const path = pathText(issue?.path ?? [])
  const found = (issue?.path ?? []).reduce<unknown>(
    (value, key) => (Array.isArray(value) ? value[Number(key)] : asRecord(value)[String(key)]),
    publicSettings,
  )
  if (issue?.code === 'invalid_type') {
    const reason = azureReasons[issue.expected] ?? `not ${article(issue.expected)}`
    return new SettingsFailure(reason, `${path} is ${kindOf(found)}; ${article(issue.expected)} is expected there.`)
  }
  return new SettingsFailure(`invalid ${path}`, `${path}: ${issue?.message ?? 'it cannot be read'}.`)
}

const pathText = (path: readonly PropertyKey[]) =>
  path.length === 0
    ? 'The whole of the settings'
    : path.reduce<string>(
        (text, key) => (typeof key === 'number' ? `${text}[${key}]` : `${text}${text && '.'}${String(key)}`),
        '',
      )

const article = (kind: string) => `${/^[aeio]/.test(kind) ? 'an' : 'a'} ${kind}`

function kindOf(value: unknown): string {
  if (value === undefined) return 'missing'
  if (value === null) return 'null'
  return Array.isArray(value) ? 'an array' : article(typeof value)
}

function readInterval(text: string): number {
  const interval = /^\d{1,9}$/.test(text.trim()) ? Number(text) : 0
  if (interval > 0) return interval
  const setting = 'secretsManagementSettings.pollingIntervalInS'
  throw new SettingsFailure(
    `invalid ${setting}`,
    `${setting} is '${text}'; a number of seconds such as "3600" is expected.`,
  )
}

function readCertificate(
  raw: RawCertificate,
  at: number,
  { aclEnabled, certificateStoreLocation }: RawSettings['secretsManagementSettings'],
  shared: Identity,
): ObservedCertificate {
  const setting = `secretsManagementSettings.observedCertificates[${at}]`
  const url = parseSecretUrl(raw.url, `${setting}.url`)
  const link = raw.customSymbolicLinkName ?? `${url.vault}.${url.name}`
  refuseBadLink(link, `${setting}.customSymbolicLinkName`)
  const override = raw.authenticationOverride
  return {
    url,
    link,
    identity: override
      ? readIdentity(
          { ...override, msiEndpoint: override.msiEndpoint ?? shared.endpoint },
          `${setting}.authenticationOverride`,
        )
      : shared,
    store: readFolder(raw.certificateStoreLocation ?? certificateStoreLocation, `${setting}.certificateStoreLocation`),
    readers:
      aclEnabled && raw.acls ? raw.acls.flatMap((acl, number) => readAcl(acl, `${setting}.acls[${number}]`)) : [],
    splitFiles: raw.splitFiles ?? false,
    afterRenewal: readAfterRenewal(raw.afterRenewal, `${setting}.afterRenewal`),
    verify: raw.verify ? { host: raw.verify.host, port: raw.verify.port } : undefined,
  }
}

function readFolder(text: string, setting: string): string {
  if (!text.startsWith('/') || text.includes('\0') || text.split('/').includes('..'))
    throw new SettingsFailure(
      `invalid ${setting}`,
      `${setting} is '${text}'; an absolute path without '..' is expected.`,
    )
  return text.replace(/\/{2,}/g, '/').replace(/(.)\/$/, '$1')
}

function refuseBadLink(link: string, setting: string): void {
  const isOne = link !== '' && link !== '.' && link !== '..' && !/[/\0]/.test(link)
  // A name in a folder has at most 255 bytes, and a link beside it carries a few more.
  if (!isOne || Buffer.byteLength(link) > 240)
    throw new SettingsFailure(
      `invalid ${setting}`,
      `${setting} is '${link}'; the name of a link is expected, without '/' and with at most 240 bytes.`,
    )
}

function readAcl(
  { user, group }: { user?: string | undefined; group?: string | undefined },
  setting: string,
): Principal[] {
  const principals = [
    ...(user === undefined ? [] : [{ kind: 'user', name: user } as const]),
    ...(group === undefined ? [] : [{ kind: 'group', name: group } as const]),
  ]
  if (principals.length === 0)
    throw new SettingsFailure(`invalid ${setting}`, `${setting} names neither a user nor a group.`)
  const bad = principals.find(({ name }) => !/^(?!-)[^\s:,/\0]{1,64}$/.test(name))
  if (bad)
    throw new SettingsFailure(
      `invalid ${setting}`,
      `${setting}.${bad.kind} is '${bad.name}', which is no name of a ${bad.kind}.`,
    )
  return principals
}

/** Two writers of one link would take turns. */
function refuseSharedLinks(certificates: readonly ObservedCertificate[]): void {
  const owners = new Map<string, ObservedCertificate>()
  for (const one of certificates) {
    for (const path of [`${one.store}/${one.link}`, ...(one.splitFiles ? [`${one.store}/${one.link}.split`] : [])]) {
      const other = owners.get(path)
      if (other)
        throw new SettingsFailure(
          'duplicate link',
          `${path} would be the link of both ${other.url.text} and ${one.url.text}; give one of them another customSymbolicLinkName or certificateStoreLocation.`,
        )
      owners.set(path, one)
    }
  }
}

const remarksOn = (certificates: readonly ObservedCertificate[]): string[] =>
  certificates.flatMap(({ url }) =>
    url.version === undefined ? [] : [`${url.text} names a version: that one is installed and never renewed.`],
  )
