import { createHash } from 'node:crypto'
import { STATUS_CODES } from 'node:http'
import { parseResourceId } from '../../../wire/resource-id.ts'
import type { AuditEntry } from '../../store/audit-log.ts'
import { statusOf } from './activity-filter.ts'

/** A row of the audit log as an event of the activity log. A change has two: when it began, and what became of it. */
export function eventOf(entry: AuditEntry, tenantId: string): Record<string, unknown> {
  const { scope_key: scope, operation, status: httpStatus } = entry
  const id = parseResourceId(scope)
  const status = statusOf(entry)
  const eventDataId = guidOf(`${entry.request_id} ${entry.sequence}`)
  const at = new Date(entry.at).toISOString()
  const reason = STATUS_CODES[httpStatus]?.replaceAll(' ', '') ?? ''
  return {
    authorization: { action: operation, scope },
    caller: entry.caller_name || entry.caller,
    channels: 'Operation',
    claims: { 'http://schemas.microsoft.com/identity/claims/objectidentifier': entry.caller },
    correlationId: entry.correlation_id,
    description: '',
    eventDataId,
    eventName: status === 'Started' ? named('BeginRequest', 'Begin request') : named('EndRequest', 'End request'),
    category: named('Administrative'),
    httpRequest: { clientRequestId: entry.request_id, clientIpAddress: entry.source_address },
    id: `${scope === '/' ? '' : scope}/events/${eventDataId}/ticks/${ticksOf(entry.at)}`,
    level: status === 'Failed' ? 'Error' : 'Informational',
    resourceGroupName: id?.resourceGroup ?? '',
    resourceProviderName: named(operation.split('/')[0] ?? ''),
    resourceId: scope,
    resourceType: named(typeOf(operation)),
    operationId: entry.request_id,
    operationName: named(operation),
    properties: {
      statusCode: reason,
      serviceRequestId: entry.request_id,
      ...(entry.detail === '' ? {} : { statusMessage: entry.detail }),
    },
    status: named(status),
    subStatus: status === 'Started' ? named('') : named(reason, `${reason} (HTTP Status Code: ${httpStatus})`),
    eventTimestamp: at,
    submissionTimestamp: at,
    subscriptionId: id?.subscriptionId ?? '',
    tenantId,
  }
}

const named = (value: string, localizedValue = value) => ({ value, localizedValue })

/** `Microsoft.Compute/virtualMachines/write` and `…/virtualMachines/start/action` → `Microsoft.Compute/virtualMachines`. */
const typeOf = (operation: string) => operation.replace(/(\/[^/]+\/action|\/[^/]+)$/, '')

/** Stable, so that a client that reads the log twice can tell what it has seen. */
function guidOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-')
}

/** Tenths of microseconds since the year 1, as .NET counts. */
const ticksOf = (ms: number) => BigInt(ms) * 10_000n + 621_355_968_000_000_000n
