import { type Clause, clausesOf, invalidFilter } from '../../arm/filter.ts'
import { AzureError } from '../../errors.ts'
import type { AuditEntry } from '../../store/audit-log.ts'

/** What a caller wants to see of a subscription's activity. Times are milliseconds since 1970. */
export type ActivityFilter = {
  /** The subscription, or something in it. */
  readonly below: string
  readonly from: number
  readonly to: number
  readonly correlationId?: string
  readonly passes: (entry: AuditEntry) => boolean
}

const day = 86_400_000
/** Azure keeps the activity log for that long. */
const keptDays = 90

type Wish = {
  below: string
  from: number | undefined
  to: number
  correlationId?: string
  tests: ((entry: AuditEntry) => boolean)[]
}

/** Reads `$filter`. Throws 400: a filter must say from when on. */
export function activityFilter(url: URL, subscription: string, now: number): ActivityFilter {
  const wish: Wish = { below: subscription, from: undefined, to: now, tests: [] }
  for (const clause of clausesOf(url)) {
    if (!take(wish, clause, subscription)) throw invalidFilter(url.searchParams.get('$filter') ?? '')
  }
  const { from, to, below, correlationId, tests } = wish
  if (from === undefined) throw badRequest('The filter must say from when on: eventTimestamp ge a time.')
  if (from < now - keptDays * day)
    throw badRequest(`The start time cannot be more than ${keptDays} day(s) in the past.`)
  if (to < from) throw badRequest('The start time must not be later than the end time.')
  return {
    below,
    from,
    to,
    ...(correlationId === undefined ? {} : { correlationId }),
    passes: entry => tests.every(test => test(entry)),
  }
}

function take(wish: Wish, clause: Clause, subscription: string): boolean {
  if ('call' in clause) return false
  const { name, operator, value } = clause
  if (name === 'eventtimestamp') {
    if (operator === 'ge' || operator === 'gt') wish.from = time(value)
    else if (operator === 'le' || operator === 'lt') wish.to = time(value)
    else return false
    return true
  }
  if (operator !== 'eq') return false
  const wanted = value.toLowerCase()
  switch (name) {
    // All there is comes from these.
    case 'eventchannels':
      return true
    case 'resourcegroupname':
      wish.below = `${subscription}/resourceGroups/${value}`
      return true
    case 'resourceuri':
    case 'resourceid':
      // A filter must not lead out of the subscription that was authorized.
      if (!wanted.startsWith(`${subscription.toLowerCase()}/`)) return false
      wish.below = value
      return true
    case 'correlationid':
      wish.correlationId = wanted
      return true
    case 'caller':
      wish.tests.push(({ caller, caller_name }) => caller === wanted || caller_name.toLowerCase() === wanted)
      return true
    case 'resourceprovider':
      wish.tests.push(({ operation }) => operation.toLowerCase().startsWith(`${wanted}/`))
      return true
    case 'status':
      wish.tests.push(entry => statusOf(entry).toLowerCase() === wanted)
      return true
    default:
      return false
  }
}

/** How the activity log calls what became of a request. */
export const statusOf = ({ outcome }: Pick<AuditEntry, 'outcome'>): 'Started' | 'Succeeded' | 'Failed' =>
  outcome === 'Accepted' ? 'Started' : outcome === 'Succeeded' ? 'Succeeded' : 'Failed'

function time(text: string): number {
  const at = Date.parse(text)
  if (Number.isNaN(at)) throw badRequest(`'${text}' is not a time.`)
  return at
}

const badRequest = (message: string) => new AzureError(400, 'BadRequest', message)
