import { failureText } from '../../handler/failure.ts'
import type { Status, Substatus } from '../../handler/status.ts'
import type { Wish } from '../settings/wish.ts'
import { linkPath } from '../store/install.ts'
import { lastingOutcome, type Records } from '../store/records.ts'
import { failureOf, isComplete, type Member, membersOf, type Source } from './observed.ts'
import { initialRetries } from './schedule.ts'

/** The agent takes a hundred, and cuts files that are too long. */
const mostSubstatuses = 50

const operation = 'Service start.'
const started = (at: string) => `Successfully started Key Vault extension service. ${at}`

export type Progress = {
  readonly wish: Wish
  readonly sources: readonly Source[]
  readonly records: Records
  /** Whether every source has been asked once. */
  readonly isFirstPollOver: boolean
  /** Whether all certificates have been there once, since the service was told to wait for them. */
  readonly wasComplete: boolean
  readonly startedAt: Date
  readonly now: Date
}

/** How the extension stands, in Azure's words; where there is more to say, it stands after them. */
export function statusOf(progress: Progress): Status {
  const { wish, sources, wasComplete, startedAt } = progress
  const substatus = substatusesOf(progress)
  const said = { operation, code: 0, substatus }
  const hopeless = sources.filter(source => source.isHopeless)
  if (hopeless[0] && !isComplete(sources))
    return { ...said, status: 'error', message: `Failed to download one or more certificates. ${hopeless[0].failure}` }
  if (!wish.requireInitialSync || wasComplete || isComplete(sources))
    return { ...said, status: 'success', message: started(`${startedAt.toISOString().slice(0, 19)}Z`) }
  if (!progress.isFirstPollOver && sources.every(source => source.failures === 0))
    return { ...said, status: 'transitioning', message: 'Downloading the certificates.' }
  const missing = membersOf(sources).filter(({ member }) => !member.installed)
  const first = missing.map(failureOf).find(failure => failure !== '') ?? ''
  const left = `${missing.length} of ${membersOf(sources).length} are missing${first === '' ? '' : `: ${first}`}`
  if (sources.some(({ failures }) => failures > initialRetries))
    return {
      ...{ ...said, status: 'error' },
      message: `Failed to download one or more certificates after ${initialRetries} retries; it goes on trying. ${left}`,
    }
  return {
    ...said,
    status: 'transitioning',
    message: `Failed to download one or more certificates, retrying... ${left}`,
  }
}

/** What is wrong comes first; of the rest there may be too much. */
function substatusesOf(progress: Progress): Substatus[] {
  const { sources, wish } = progress
  const all = membersOf(sources).map(one => substatusOf(one, progress))
  for (const remark of wish.remarks)
    all.push({ name: 'settings', status: 'warning', code: 0, message: sentences(remark) })
  const order = ['error', 'warning', 'transitioning', 'success']
  const sorted = all.sort((a, b) => order.indexOf(a.status) - order.indexOf(b.status))
  if (sorted.length <= mostSubstatuses) return sorted
  const counted = order.flatMap(status => {
    const number = all.filter(one => one.status === status).length
    return number === 0 ? [] : [`${number} ${status}`]
  })
  const summary = {
    name: 'certificates',
    status: 'success',
    code: 0,
    message: `In all: ${counted.join(', ')}.`,
  } as const
  return [summary, ...sorted.slice(0, mostSubstatuses - 1)]
}

function substatusOf(one: { source: Source; member: Member }, { records, now }: Progress): Substatus {
  const { certificate, installed, remarks } = one.member
  const path = linkPath(certificate)
  const named = { name: certificate.link, code: 0 }
  const failure = failureOf(one)
  const outcome = lastingOutcome(records, certificate, installed?.version)
  const renewal = outcome ? [`Last renewal: ${outcome.message}`] : []
  if (!installed) {
    const state = `Nothing is installed at ${path} yet`
    if (failure === '') return { ...named, status: 'transitioning', message: sentences(state) }
    return { ...named, status: 'error', message: sentences(failure, state, ...remarks, ...renewal) }
  }
  const hasEnded = installed.notAfter <= now
  const state = `Version ${installed.version}, ${validity(installed.notAfter, now)}, is at ${path}`
  const rest = [...remarks, ...renewal]
  const last = hasEnded && rest.length === 0 ? ['The vault has no newer one'] : rest
  const message = failure === '' ? sentences(state, ...last) : sentences(failure, state, ...rest)
  if (failure !== '' || hasEnded || outcome?.status === 'error') return { ...named, status: 'error', message }
  return { ...named, status: remarks.length > 0 || outcome?.status === 'warning' ? 'warning' : 'success', message }
}

const validity = (end: Date, now: Date) => `${end > now ? 'valid until' : 'which ended'} ${end.toISOString()}`

/** Some of them bring a full stop of their own. */
const sentences = (...texts: readonly string[]) => texts.map(text => `${text.trim().replace(/\.+$/, '')}.`).join(' ')

export const settingsStatus = (error: unknown): Status => ({
  ...{ operation: 'Service start - Settings Load.', status: 'error', code: 0 },
  message: failureText(error),
})
