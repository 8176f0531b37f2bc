import { systemGrant } from '../../access/grant.ts'
import { apiVersionOf } from '../../arm/api-version.ts'
import { resourceGroupNotFound } from '../../arm/errors.ts'
import { type Clause, type Filter, filterOf, invalidFilter } from '../../arm/filter.ts'
import { page, pageOf, readPassing } from '../../arm/paging.ts'
import { type Context, type Operation, operation } from '../../door/operation.ts'
import type { Resource } from '../../store/resources.ts'
import { resourcesVersions } from './api-versions.ts'
import { groupId, hasTag } from './resource-groups.ts'
import { existingSubscription, holdsRoleAround } from './subscriptions.ts'

/**
 * All resources of a subscription or a group, whatever their type. As in Azure, a role on one kind of resource is
 * enough to see those of that kind here, so this asks for each row, not for the list.
 */
const rowByRow = { signedIn: 'each resource is shown only to who may read it, and none to who has no role around it' }
const seeRows = systemGrant('list resources, of which the caller is shown those that it may read')

export const resourceListOperations: readonly Operation[] = [
  operation({
    name: 'Microsoft.Resources/subscriptions/resources/read',
    route: 'GET /subscriptions/:subscriptionId/resources',
    access: rowByRow,
    run: cx => listed(cx, `/subscriptions/${cx.params.subscriptionId}`),
  }),
  operation({
    name: 'Microsoft.Resources/subscriptions/resourceGroups/resources/read',
    route: 'GET /subscriptions/:subscriptionId/resourceGroups/:resourceGroupName/resources',
    access: rowByRow,
    run: cx => listed(cx, groupId(cx.params).text, cx.params.resourceGroupName),
  }),
]

async function listed(cx: Context, scope: string, group?: string): Promise<Response> {
  apiVersionOf(cx.url, resourcesVersions)
  const isMine = await holdsRoleAround(cx, cx.caller)
  const listing = `Microsoft.Resources/subscriptions/${group === undefined ? '' : 'resourceGroups/'}resources/read`
  if (!isMine(scope)) await cx.authorize('read', listing, scope)
  const subscription = (await existingSubscription(cx.store, cx.params.subscriptionId ?? '')).id.name
  if (group !== undefined && !(await cx.store.resources.get(seeRows, groupId(cx.params)))) {
    throw resourceGroupNotFound(group)
  }

  const may = await cx.rights()
  const filter = filterOf(cx.url)
  if (filter) checkFilter(filter, cx.url)
  const what = pageOf(cx.url)
  const below = group === undefined ? { subscription } : { subscription, group }
  const found = await readPassing(
    what,
    part => cx.store.resources.list(seeRows, { below }, part),
    row => row.id.key,
    row => isTracked(row) && passes(row, filter) && may(`${row.id.type}/read`, row.id.text),
  )
  const expand = (cx.url.searchParams.get('$expand') ?? '').split(',').map(part => part.trim())
  return Response.json(
    page(
      cx.url,
      what.limit,
      found,
      row => row.id.key,
      rows => rows.map(row => shown(row, expand)),
    ),
  )
}

/** What has no place of its own, such as a subnet, is part of something else and not listed. */
const isTracked = ({ body }: Resource) => body.location !== undefined

const columns: Readonly<Record<string, (resource: Resource) => string | undefined>> = {
  resourcetype: ({ id }) => id.type,
  name: ({ id }) => id.name,
  location: ({ body }) => body.location,
  resourcegroup: ({ id }) => id.resourceGroup,
  'identity/principalid': ({ body }) => body.identity?.principalId,
}
// Not `in`: a record has members that nobody put there, such as `constructor`.
const isColumn = (name: string) => Object.hasOwn(columns, name)
const tagColumns = ['tagname', 'tagvalue']

function checkFilter(filter: Filter, url: URL): void {
  const isKnown = (clause: Clause) =>
    'call' in clause
      ? clause.call === 'substringof' && clause.values.length === 2 && isColumn((clause.values[1] ?? '').toLowerCase())
      : tagColumns.includes(clause.name)
        ? clause.operator === 'eq'
        : isColumn(clause.name) && (clause.operator === 'eq' || clause.operator === 'ne')
  if (!filter.flat().every(isKnown)) throw invalidFilter(url.searchParams.get('$filter') ?? '')
}

const passes = (row: Resource, filter: Filter | undefined): boolean =>
  filter === undefined ||
  filter.some(clauses => clauses.every(clause => meets(row, clause)) && hasTag(row.body.tags ?? {}, clauses))

function meets(row: Resource, clause: Clause): boolean {
  const column = (name: string) => columns[name.toLowerCase()]?.(row)?.toLowerCase() ?? ''
  if ('call' in clause) {
    const [part = '', name = ''] = clause.values
    return column(name).includes(part.toLowerCase())
  }
  if (tagColumns.includes(clause.name)) return true
  return (column(clause.name) === clause.value.toLowerCase()) === (clause.operator === 'eq')
}

const shownMembers = ['location', 'tags', 'kind', 'sku', 'plan', 'managedBy', 'identity', 'zones'] as const

function shown({ id, body, createdAt, changedAt }: Resource, expand: readonly string[]) {
  const extra = {
    createdTime: new Date(createdAt).toISOString(),
    changedTime: new Date(changedAt).toISOString(),
    provisioningState: body.properties.provisioningState ?? 'Succeeded',
  }
  return {
    id: id.text,
    name: id.name,
    type: id.type,
    ...Object.fromEntries(shownMembers.flatMap(name => (body[name] === undefined ? [] : [[name, body[name]]]))),
    ...Object.fromEntries(Object.entries(extra).filter(([name]) => expand.includes(name))),
  }
}
