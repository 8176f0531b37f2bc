import { shows } from '../../access/grant.ts'
import { apiVersionOf } from '../../arm/api-version.ts'
import { page, pageOf, readPassing } from '../../arm/paging.ts'
import { operation } from '../../door/operation.ts'
import { AzureError } from '../../errors.ts'
import { existingSubscription } from '../microsoft.resources/subscriptions.ts'
import { activityFilter } from './activity-filter.ts'
import { eventOf } from './event.ts'

export const activityVersions: readonly string[] = ['2017-03-01-preview', '2015-04-01', '2014-04-01']

/** Who changed what in a subscription, newest first: the audit log as Azure shows it, without what only read. */
export const activityLog = operation({
  name: 'Microsoft.Insights/eventtypes/values/read',
  route: 'GET /subscriptions/:subscriptionId/providers/Microsoft.Insights/eventtypes/management/values',
  access: {
    verb: 'read',
    action: 'Microsoft.Insights/eventtypes/values/read',
    on: params => `/subscriptions/${params.subscriptionId}`,
    orBelow: true,
  },
  async run(cx) {
    apiVersionOf(cx.url, activityVersions)
    const subscription = (await existingSubscription(cx.store, cx.params.subscriptionId ?? '')).id.text
    const { passes, ...filter } = activityFilter(cx.url, subscription, cx.now)
    const what = pageOf(cx.url)
    const found = await readPassing(
      what,
      ({ limit, after }) =>
        cx.store.audit.list(cx.grant, {
          ...filter,
          changesOnly: true,
          limit,
          ...(after === undefined ? {} : { beforeSequence: sequenceOf(after) }),
        }),
      entry => String(entry.sequence),
      entry => shows(cx.grant, entry.scope_key) && passes(entry),
    )
    const select = cx.url.searchParams
      .get('$select')
      ?.split(',')
      .map(name => name.trim().toLowerCase())
    return Response.json(
      page(
        cx.url,
        what.limit,
        found,
        entry => String(entry.sequence),
        entries => entries.map(entry => selected(eventOf(entry, cx.directory.tenantId), select)),
      ),
    )
  },
})

function sequenceOf(after: string): number {
  if (/^\d{1,15}$/.test(after)) return Number(after)
  throw new AzureError(400, 'InvalidSkipToken', 'The $skiptoken of the request is not one that was handed out.')
}

const selected = (event: Record<string, unknown>, names: readonly string[] | undefined) =>
  names === undefined
    ? event
    : Object.fromEntries(Object.entries(event).filter(([name]) => names.includes(name.toLowerCase())))
