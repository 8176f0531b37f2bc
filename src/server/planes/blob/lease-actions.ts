import { randomUUID } from 'node:crypto'
import type { Context } from '../../door/operation.ts'
import type { StoredLease } from '../../store/blob-containers.ts'
import { stateOf } from '../../store/lease-state.ts'
import { sameId } from './lease.ts'
import * as refusals from './refusals.ts'

/** What `comp=lease` does to a lease. Throws 400 or 409. */
export type LeaseChange = {
  readonly lease: StoredLease | undefined
  readonly status: 200 | 201 | 202
  readonly headers: Readonly<Record<string, string | number | undefined>>
}

type Given = { readonly headers: Headers; readonly now: number; readonly what: 'blob' | 'container' }

export function changeLease(lease: StoredLease | undefined, given: Given): LeaseChange {
  const name = given.headers.get('x-ms-lease-action')?.toLowerCase()
  if (name === undefined) throw refusals.missingHeader('x-ms-lease-action')
  const change = Object.hasOwn(actions, name) ? actions[name] : undefined
  if (!change) throw refusals.invalidHeader('x-ms-lease-action', name)
  return change(lease, given)
}

const actions: Readonly<Record<string, (lease: StoredLease | undefined, given: Given) => LeaseChange>> = {
  acquire(lease, { headers, now }) {
    const durationSec = seconds(headers, 'x-ms-lease-duration', { least: 15, most: 60, orElse: [-1] })
    if (durationSec === undefined) throw refusals.missingHeader('x-ms-lease-duration')
    const id = proposed(headers) ?? randomUUID()
    const state = stateOf(lease, now)
    if (lease && state === 'leased' && !sameId(lease.id, id)) throw refusals.lease.alreadyPresent()
    if (lease && state === 'breaking')
      throw sameId(lease.id, id) ? refusals.lease.breakingNoAcquire() : refusals.lease.alreadyPresent()
    return { lease: running(id, durationSec, now), status: 201, headers: { 'x-ms-lease-id': id } }
  },

  renew(lease, given) {
    const { id, durationSec } = held(lease, given)
    const state = stateOf(lease, given.now)
    if (state === 'broken' || state === 'breaking') throw refusals.lease.brokenNoRenew()
    return { lease: running(id, durationSec, given.now), status: 200, headers: { 'x-ms-lease-id': id } }
  },

  change(lease, given) {
    const id = proposed(given.headers)
    if (id === undefined) throw refusals.missingHeader('x-ms-proposed-lease-id')
    if (!lease) throw refusals.lease.notPresent(given.what)
    const named = leaseId(given.headers)
    const state = stateOf(lease, given.now)
    if (state === 'breaking') throw refusals.lease.breakingNoChange()
    if (state !== 'leased') throw refusals.lease.notPresent(given.what)
    if (!sameId(lease.id, named) && !sameId(lease.id, id)) throw refusals.lease.idMismatch()
    return { lease: { ...lease, id }, status: 200, headers: { 'x-ms-lease-id': id } }
  },

  release(lease, given) {
    held(lease, given)
    return { lease: undefined, status: 200, headers: {} }
  },

  break(lease, { headers, now, what }) {
    const period = seconds(headers, 'x-ms-lease-break-period', { least: 0, most: 60, orElse: [] })
    const state = stateOf(lease, now)
    if (!lease || state === 'available') throw refusals.lease.notPresent(what)
    if (state === 'broken' || state === 'expired') {
      return { lease: { ...lease, brokenAt: now }, status: 202, headers: { 'x-ms-lease-time': 0 } }
    }
    const left = state === 'breaking' ? lease.brokenAt : lease.endsAt
    // An infinite lease breaks at once unless a time is given; another one never later than it would have ended.
    const asked = period === undefined ? (left ?? now) : now + period * 1000
    const brokenAt = left === undefined ? asked : Math.min(left, asked)
    const time = Math.ceil((brokenAt - now) / 1000)
    return { lease: { ...lease, brokenAt }, status: 202, headers: { 'x-ms-lease-time': time } }
  },
}

const running = (id: string, durationSec: number, now: number): StoredLease => ({
  id,
  durationSec,
  ...(durationSec === -1 ? {} : { endsAt: now + durationSec * 1000 }),
})

function held(lease: StoredLease | undefined, { headers }: Given): StoredLease {
  const named = leaseId(headers)
  if (!lease || !sameId(lease.id, named)) throw refusals.lease.idMismatch()
  return lease
}

function leaseId(headers: Headers): string {
  const id = headers.get('x-ms-lease-id')
  if (id === null) throw refusals.missingHeader('x-ms-lease-id')
  return guid('x-ms-lease-id', id)
}

function proposed(headers: Headers): string | undefined {
  const id = headers.get('x-ms-proposed-lease-id')
  return id === null ? undefined : guid('x-ms-proposed-lease-id', id)
}

function guid(header: string, text: string): string {
  const plain = text.replace(/^[{(]|[)}]$/g, '').toLowerCase()
  if (!/^[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}$/.test(plain)) throw refusals.invalidHeader(header, text)
  return plain
}

function seconds(
  headers: Headers,
  name: string,
  { least, most, orElse }: { least: number; most: number; orElse: readonly number[] },
): number | undefined {
  const text = headers.get(name)
  if (text === null) return undefined
  const value = Number(text)
  if (!/^-?\d+$/.test(text) || !((value >= least && value <= most) || orElse.includes(value)))
    throw refusals.invalidHeader(name, text)
  return value
}

/** For a grant of who may delete. Roles know no such thing: by them, it takes the permission to write. Throws 403. */
export function refuseOtherThanBreak({ request, grant, caller }: Context, { action }: { action: string }): void {
  if (grant.action !== action) return
  const isBreak = request.headers.get('x-ms-lease-action')?.toLowerCase() === 'break'
  if (!isBreak || caller.kind !== 'signature') throw refusals.permissionMismatch()
}
