import { parseResourceId } from '../wire/resource-id.ts'
import { json, type MetadataResponse } from './exchange.ts'
import type { Machine } from './machine.ts'
import { type Query, requireVersion } from './query.ts'
import { elementNotFound, queryVariableInvalid } from './refusal.ts'
import { versionsOf } from './versions.ts'

export type AttestedParts = {
  /** Unix time in milliseconds. */
  readonly clock: { now(): number }
  /** Signs JSON text into a DER PKCS#7 message that contains it. */
  readonly signAttested: (content: string) => Promise<Uint8Array>
}

const lifetimeMs = 6 * 3600 * 1000

/** Answers `/metadata/attested/document`: facts about the machine, signed. */
export async function attestedAnswer(query: Query, machine: Machine, parts: AttestedParts): Promise<MetadataResponse> {
  const version = requireVersion(query, versionsOf.attested)
  const nonce = query.get('nonce') || undefined
  if (nonce !== undefined && !/^[a-z\d]{1,32}$/i.test(nonce)) {
    throw queryVariableInvalid('nonce', 'up to 32 letters and digits are allowed')
  }
  const content = JSON.stringify(attestedContent(machine, version, nonce, parts.clock.now()))
  const signature = await parts.signAttested(content)
  return json(200, { encoding: 'pkcs7', signature: Buffer.from(signature).toString('base64') })
}

/** What gets signed. `nowMs` is unix time in milliseconds. */
export function attestedContent(machine: Machine, version: string, nonce: string | undefined, nowMs: number) {
  if (!machine.instance) throw elementNotFound()
  const { licenseType, plan, sku } = machine.instance.compute
  const now = calendar(nowMs)
  return {
    ...(version >= '2020-09-01' && { licenseType: licenseType ?? '' }),
    nonce: nonce ?? `${now.yyyy}${now.mm}${now.dd}-${now.time.replaceAll(':', '')}`,
    plan: { name: plan?.name ?? '', product: plan?.product ?? '', publisher: plan?.publisher ?? '' },
    ...(version >= '2019-11-01' && { sku: sku ?? '' }),
    ...(version >= '2019-04-30' && { subscriptionId: parseResourceId(machine.resourceId)?.subscriptionId ?? '' }),
    timeStamp: { createdOn: timeStamp(now), expiresOn: timeStamp(calendar(nowMs + lifetimeMs)) },
    vmId: machine.id,
  }
}

function calendar(ms: number) {
  const [date = '', clock = ''] = new Date(ms).toISOString().split('T')
  const [yyyy = '', mm = '', dd = ''] = date.split('-')
  return { yyyy, mm, dd, time: clock.slice(0, 8) }
}

/** `11/28/18 00:16:17 -0000`, always UTC. */
const timeStamp = ({ yyyy, mm, dd, time }: ReturnType<typeof calendar>) => `${mm}/${dd}/${yyyy.slice(2)} ${time} -0000`
