import * as z from 'zod'
import type { FoundVersion, VaultObject } from '../store/vault-objects.ts'
import { checked } from './attributes.ts'
import { type Duration, earlier, later, parseDuration } from './duration.ts'
import { badParameter } from './refusals.ts'

/** How a key is replaced by itself. It is kept with the key, and holds for whichever version is the newest. */
export type RotationPolicy = {
  readonly lifetimeActions: readonly LifetimeAction[]
  /** How long new versions are to live. */
  readonly expiryTime?: string
  readonly created: number
  readonly updated: number
}
type LifetimeAction = { readonly trigger: Trigger; readonly action: { readonly type: 'Rotate' | 'Notify' } }
type Trigger = { readonly timeAfterCreate: string } | { readonly timeBeforeExpiry: string }

/** Every key has this one from the beginning: its owner hears of the end 30 days before it. */
const notifyOnly: readonly LifetimeAction[] = [{ trigger: { timeBeforeExpiry: 'P30D' }, action: { type: 'Notify' } }]

export const rotationPolicyOf = ({ body }: Pick<VaultObject, 'body'>): Partial<RotationPolicy> =>
  (body.rotationPolicy ?? {}) as Partial<RotationPolicy>

export function shownPolicy(id: string, policy: Partial<RotationPolicy>): Record<string, unknown> {
  const { lifetimeActions = notifyOnly, expiryTime, created, updated } = policy
  return {
    id,
    lifetimeActions,
    attributes: {
      ...(expiryTime === undefined ? {} : { expiryTime }),
      ...(created === undefined ? {} : { created }),
      ...(updated === undefined ? {} : { updated }),
    },
  }
}

const dayMs = 86_400_000
const shortestLifeMs = 28 * dayMs
const shortestTriggerMs = 7 * dayMs

const wish = z.looseObject({
  lifetimeActions: z
    .array(
      z.looseObject({
        trigger: z.looseObject({ timeAfterCreate: z.string().nullish(), timeBeforeExpiry: z.string().nullish() }),
        action: z.looseObject({ type: z.string() }),
      }),
    )
    .nullish(),
  attributes: z.looseObject({ expiryTime: z.string().nullish() }).nullish(),
})
type ActionWish = NonNullable<z.infer<typeof wish>['lifetimeActions']>[number]

/** What a client wants as policy; throws 400 for one that cannot be kept. `now` is in milliseconds. */
export function policyOfWish(body: unknown, before: Partial<RotationPolicy>, now: number): RotationPolicy {
  const { lifetimeActions, attributes } = checked(wish, body)
  const expiryTime = attributes?.expiryTime ?? undefined
  const life = expiryTime === undefined ? undefined : durationOf('attributes.expiryTime', expiryTime, shortestLifeMs)
  const actions = (lifetimeActions ?? []).map((one, index) => actionOf(one, `lifetimeActions[${index}]`, life, now))
  for (const type of ['Rotate', 'Notify'] as const) {
    if (actions.filter(({ action }) => action.type === type).length > 1)
      throw invalid('lifetimeActions', `there may be one action of type ${type}`)
  }
  const notifies = actions.some(({ action }) => action.type === 'Notify')
  const at = Math.floor(now / 1000)
  return {
    lifetimeActions: notifies ? actions : [...actions, ...notifyOnly],
    ...(expiryTime === undefined ? {} : { expiryTime }),
    created: before.created ?? at,
    updated: at,
  }
}

function actionOf(
  { trigger, action }: ActionWish,
  at: string,
  life: Duration | undefined,
  now: number,
): LifetimeAction {
  const type = (['Rotate', 'Notify'] as const).find(one => one.toLowerCase() === action.type.toLowerCase())
  if (!type) throw invalid(`${at}.action.type`, 'Rotate or Notify was expected')
  const { timeAfterCreate, timeBeforeExpiry } = trigger
  if ((timeAfterCreate == null) === (timeBeforeExpiry == null))
    throw invalid(`${at}.trigger`, 'either timeAfterCreate or timeBeforeExpiry was expected')
  if (timeBeforeExpiry != null) {
    const before = durationOf(`${at}.trigger.timeBeforeExpiry`, timeBeforeExpiry, shortestTriggerMs)
    if (type === 'Rotate' && !life) throw invalid(at, 'what is to happen before the expiry needs an expiryTime')
    if (life && later(now, before) > later(now, life) - shortestTriggerMs)
      throw invalid(`${at}.trigger.timeBeforeExpiry`, 'it is not at least 7 days shorter than the expiryTime')
    return { trigger: { timeBeforeExpiry }, action: { type } }
  }
  if (type === 'Notify') throw invalid(`${at}.trigger`, 'Notify takes timeBeforeExpiry only')
  const after = durationOf(`${at}.trigger.timeAfterCreate`, timeAfterCreate ?? '', shortestTriggerMs)
  if (life && later(now, after) > later(now, life) - shortestTriggerMs)
    throw invalid(`${at}.trigger.timeAfterCreate`, 'it is not at least 7 days shorter than the expiryTime')
  return { trigger: { timeAfterCreate: timeAfterCreate ?? '' }, action: { type } }
}

function durationOf(property: string, text: string, shortestMs: number): Duration {
  const duration = parseDuration(text)
  if (!duration) throw invalid(property, 'an ISO 8601 duration such as P90D was expected')
  if (later(0, duration) < shortestMs) throw invalid(property, `at least ${shortestMs / dayMs} days were expected`)
  if (later(0, duration) > 100 * 366 * dayMs) throw invalid(property, 'that is longer than a century')
  return duration
}

const invalid = (property: string, why: string) => badParameter(`Property ${property} has invalid value: ${why}.`)

/** When a version that is made now expires by the key's policy, in seconds. */
export function expiryByPolicy(body: VaultObject['body'], now: number): number | undefined {
  const life = parseDuration(rotationPolicyOf({ body }).expiryTime ?? '')
  return life && Math.floor(later(now, life) / 1000)
}

/** How long before the end its owner is to hear of it. */
export function notifyBefore(object: Pick<VaultObject, 'body'>): string {
  const actions = rotationPolicyOf(object).lifetimeActions ?? notifyOnly
  const trigger = actions.find(({ action }) => action.type === 'Notify')?.trigger
  return trigger && 'timeBeforeExpiry' in trigger ? trigger.timeBeforeExpiry : 'P30D'
}

/** When the key is to be replaced, in milliseconds. */
export function nextRotation({ object, version }: FoundVersion): number | undefined {
  const rotate = rotationPolicyOf(object).lifetimeActions?.find(({ action }) => action.type === 'Rotate')
  if (!rotate || object.managed) return undefined
  const { trigger } = rotate
  const duration = parseDuration('timeAfterCreate' in trigger ? trigger.timeAfterCreate : trigger.timeBeforeExpiry)
  if (!duration) return undefined
  if ('timeAfterCreate' in trigger) return later(version.createdAt, duration)
  return version.expires === undefined ? undefined : earlier(version.expires * 1000, duration)
}
