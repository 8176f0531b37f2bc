import { isSignedWithOneOf } from './hmac.ts'
import { ipRange } from './ip-range.ts'
import { failed, fieldsNotWellFormed, isMandatory, type Refusal } from './refusal.ts'
import type { Sas } from './sas.ts'
import { type Insisted, type SignedPlace, sasStringToSign } from './sas-string-to-sign.ts'
import { parseSasTime } from './sas-time.ts'

/** A policy that a container holds under a name; a signature that names it leaves to it what it has. */
export type StoredPolicy = { readonly start?: string; readonly expiry?: string; readonly permission?: string }

export type SasCheck = {
  readonly place: SignedPlace
  readonly insisted: Insisted
  /** Of the account; of a signature by a delegated key, that key alone. */
  readonly keys: readonly Uint8Array[]
  /** What the container holds under the signature's `si`, if anything. */
  readonly policy?: StoredPolicy
  readonly now: number
  /** Where the request came from, and over what. */
  readonly address: string
  readonly protocol: 'http' | 'https'
}

/** What a genuine signature, used when and where it may be, permits: the letters of `sp`. */
export type SasVerdict = { readonly refusal: Refusal } | { readonly permission: string }

/** The signature first: what else is wrong with a request is told only to whom somebody with the key gave it. */
export function checkSas(sas: Sas, check: SasCheck): SasVerdict {
  const refusal =
    refuseSignature(sas, check) ?? refusePolicy(sas, check.policy) ?? refuseTime(sas, check) ?? refuseSender(sas, check)
  if (refusal) return { refusal }
  const permission = sas.field('sp') || (check.policy?.permission ?? '')
  return permission === '' ? { refusal: isMandatory('sp') } : { permission }
}

function refuseSignature(sas: Sas, { place, insisted, keys }: SasCheck): Refusal | undefined {
  const text = sasStringToSign(sas, place, insisted)
  if (text === undefined) return failed('The signature is for a resource of another kind.')
  if (isSignedWithOneOf(keys, [text], sas.signature)) return undefined
  return failed(`Signature did not match. String to sign used was ${text}`)
}

/** What both say, nobody could tell which of them is meant. */
function refusePolicy(sas: Sas, policy: StoredPolicy | undefined): Refusal | undefined {
  if (sas.field('si') === '') return undefined
  if (!policy) return failed(`The stored access policy '${sas.field('si')}' was not found.`)
  const both = (
    [
      ['st', policy.start],
      ['se', policy.expiry],
      ['sp', policy.permission],
    ] as const
  ).find(([field, stored]) => sas.field(field) !== '' && (stored ?? '') !== '')
  return both && failed(`${both[0]} is given both in the signature and in the stored access policy.`)
}

function refuseTime(sas: Sas, { policy, now }: SasCheck): Refusal | undefined {
  const expiry = sas.field('se') || (policy?.expiry ?? '')
  if (expiry === '') return isMandatory('se')
  const window = timeFrame(sas.field('st') || (policy?.start ?? ''), expiry)
  if (!window) return fieldsNotWellFormed()
  if (!isWithin(window, now)) return outside('Signature', window, now)
  if (sas.kind !== 'delegation') return undefined
  const keyWindow = timeFrame(sas.field('skt'), sas.field('ske'))
  if (!keyWindow) return fieldsNotWellFormed()
  return isWithin(keyWindow, now) ? undefined : outside('Key', keyWindow, now)
}

type TimeFrame = { readonly start: number | undefined; readonly expiry: number }

function timeFrame(startText: string, expiryText: string): TimeFrame | undefined {
  const start = startText === '' ? undefined : parseSasTime(startText)
  const expiry = parseSasTime(expiryText)
  return expiry === undefined || (startText !== '' && start === undefined) ? undefined : { start, expiry }
}

const isWithin = ({ start, expiry }: TimeFrame, now: number) => (start === undefined || start <= now) && now < expiry

const outside = (what: 'Signature' | 'Key', { start, expiry }: TimeFrame, now: number) =>
  failed(
    `${what} not valid in the specified time frame: ` +
      `${start === undefined ? '' : `Start [${new Date(start).toUTCString()}] - `}` +
      `Expiry [${new Date(expiry).toUTCString()}] - Current [${new Date(now).toUTCString()}]`,
  )

function refuseSender(sas: Sas, { address, protocol }: SasCheck): Refusal | undefined {
  const protocols = sas.field('spr')
  if (!['', 'https', 'https,http', 'http,https'].includes(protocols)) return fieldsNotWellFormed()
  if (protocols === 'https' && protocol === 'http') return { code: 'AuthorizationProtocolMismatch' }
  if (sas.field('sip') === '') return undefined
  const includes = ipRange(sas.field('sip'))
  if (!includes) return fieldsNotWellFormed()
  return includes(address) ? undefined : { code: 'AuthorizationSourceIPMismatch' }
}
