import { readText } from '../../../door/body.ts'
import { operation } from '../../../door/operation.ts'
import type { BlobService } from '../../../resources/microsoft.storage/blob-settings.ts'
import { type CorsRule, mostCorsRules, problemOf } from '../../../resources/microsoft.storage/cors-rules.ts'
import type { StorageAccount } from '../../../store/storage-accounts.ts'
import { readsService, writesService } from '../access.ts'
import { empty, xml } from '../answer.ts'
import { accountOf, findAccount } from '../place.ts'
import { bodyTooLarge, invalidXml, resourceNotFound, unsupportedXmlNode } from '../refusals.ts'
import { child, childText, element, type Node, parsedXml } from '../xml.ts'

export const servicePropertiesOf = (account: StorageAccount) => account.service as BlobService

/** When what is deleted now goes for good; undefined when that is at once. */
export function purgeTime(account: StorageAccount, now: number): number | undefined {
  const { deleteRetention } = servicePropertiesOf(account)
  return deleteRetention === undefined ? undefined : now + deleteRetention * dayMs
}

export const dayMs = 24 * 60 * 60_000

const route = '/:account'
const query = 'restype=service&comp=properties'

export const getServiceProperties = operation<'read'>({
  name: 'Microsoft.Storage/storageAccounts/blobServices/read',
  route: `GET ${route}`,
  query,
  access: readsService('getServiceProperties'),
  async run(cx) {
    return xml(200, propertiesXml(servicePropertiesOf(await accountOf(cx))))
  },
})

/** What is not given stays as it is. */
export const setServiceProperties = operation<'write'>({
  name: 'Microsoft.Storage/storageAccounts/blobServices/write',
  route: `PUT ${route}`,
  query,
  access: writesService,
  async run(cx) {
    const nodes = await parsedXml(await readText(cx.request, 256 * 1024, bodyTooLarge), 'StorageServiceProperties')
    refuseAbsent(nodes)
    const given = propertiesIn(nodes)
    await cx.store.write(async tx => {
      const account = await tx.storageAccounts.get(findAccount, { name: cx.params.account ?? '' })
      if (!account) throw resourceNotFound()
      await tx.storageAccounts.update(cx.grant, { ...account, service: { ...account.service, ...given } })
    })
    return empty(202)
  },
})

const off = '<Enabled>false</Enabled>'
const noRetention = `<RetentionPolicy>${off}</RetentionPolicy>`
const metrics = `<Version>1.0</Version>${off}${noRetention}`

function propertiesXml({ cors = [], deleteRetention }: BlobService): string {
  const rules = cors.map(
    rule =>
      `<CorsRule>${element('AllowedOrigins', rule.origins.join(','))}${element('AllowedMethods', rule.methods.join(','))}${element('AllowedHeaders', rule.allowedHeaders.join(','))}${element('ExposedHeaders', rule.exposedHeaders.join(','))}${element('MaxAgeInSeconds', rule.maxAgeSec)}</CorsRule>`,
  )
  const retention = deleteRetention === undefined ? off : `<Enabled>true</Enabled>${element('Days', deleteRetention)}`
  return `<StorageServiceProperties><Logging><Version>1.0</Version><Delete>false</Delete><Read>false</Read><Write>false</Write>${noRetention}</Logging><HourMetrics>${metrics}</HourMetrics><MinuteMetrics>${metrics}</MinuteMetrics><Cors>${rules.join('')}</Cors><DeleteRetentionPolicy>${retention}</DeleteRetentionPolicy><StaticWebsite>${off}</StaticWebsite></StorageServiceProperties>`
}

function propertiesIn(nodes: readonly Node[]): BlobService {
  const cors = child(nodes, 'Cors')
  const retention = child(nodes, 'DeleteRetentionPolicy')
  return {
    ...(cors ? { cors: corsRules(cors.children) } : {}),
    ...(retention ? retentionIn(retention.children) : {}),
  }
}

const isEnabled = (fields: readonly Node[]) => childText(fields, 'Enabled')?.trim().toLowerCase() === 'true'

function retentionIn(fields: readonly Node[]): BlobService {
  if (!isEnabled(fields)) return { deleteRetention: undefined }
  const days = Number(childText(fields, 'Days'))
  if (!Number.isInteger(days) || days < 1 || days > 365) throw invalidXml('Days is a number from 1 to 365.')
  return { deleteRetention: days }
}

/** What could be switched on and would do nothing. Clients send all of it, switched off. Throws 400. */
function refuseAbsent(nodes: readonly Node[]): void {
  const isOn = (name: string, switches: readonly string[]) => {
    const fields = child(nodes, name)?.children ?? []
    return switches.some(one => childText(fields, one)?.trim().toLowerCase() === 'true')
  }
  const on =
    ['HourMetrics', 'MinuteMetrics', 'StaticWebsite'].find(name => isOn(name, ['Enabled'])) ??
    (isOn('Logging', ['Read', 'Write', 'Delete']) ? 'Logging' : undefined) ??
    ((childText(nodes, 'DefaultServiceVersion') ?? '') === '' ? undefined : 'DefaultServiceVersion')
  if (on !== undefined) throw unsupportedXmlNode(on)
}

/** What Set Blob Service Properties calls it. */
const elementOf: Readonly<Record<keyof CorsRule, string>> = {
  origins: 'AllowedOrigins',
  methods: 'AllowedMethods',
  allowedHeaders: 'AllowedHeaders',
  exposedHeaders: 'ExposedHeaders',
  maxAgeSec: 'MaxAgeInSeconds',
}

function corsRules(rules: readonly Node[]): CorsRule[] {
  if (rules.length > mostCorsRules) throw invalidXml(`There are at most ${mostCorsRules} CORS rules.`)
  return rules.map(node => {
    const fields = node.children
    const list = (field: keyof CorsRule) =>
      (childText(fields, elementOf[field]) ?? '')
        .split(',')
        .map(one => one.trim())
        .filter(one => one !== '')
    const rule = {
      origins: list('origins'),
      methods: list('methods'),
      allowedHeaders: list('allowedHeaders'),
      exposedHeaders: list('exposedHeaders'),
      maxAgeSec: Number(childText(fields, elementOf.maxAgeSec) ?? '0'),
    }
    const problem = problemOf(rule)
    if (problem) throw invalidXml(`${elementOf[problem]} of a CORS rule is missing or not what it can be.`)
    return rule
  })
}
