import { randomBytes, randomInt } from 'node:crypto'
import { systemGrant } from '../../access/grant.ts'
import type { Reads, Writes } from '../../store/open.ts'
import type { SignedIn } from './person.ts'
import type { TokenWish } from './scopes.ts'

/**
 * A program without a browser polls with a long device code; a person types the short user code elsewhere. What both
 * wait for is kept under the user code, the device code only leads there.
 */
export type DeviceRequest = {
  readonly clientId: string
  readonly clientName: string
  readonly wish: TokenWish
  readonly decision: 'pending' | 'declined' | SignedIn
}

const requestKind = 'device request'
const codeKind = 'device code'
export const deviceCodeLifetimeSec = 900
const keepRequests = systemGrant('keep the sign-in requests of programs without a browser')

// No vowels, so that no words come out, and nothing that looks like something else.
const letters = 'BCDFGHJKLMNPQRSTVWXZ2456789'
const newUserCode = () => Array.from({ length: 9 }, () => letters[randomInt(letters.length)]).join('')

/** As people type it: in any case, with blanks or dashes. */
export const normalUserCode = (typed: string) => typed.replaceAll(/[\s-]/g, '').toUpperCase().slice(0, 32)

export async function putDeviceRequest(
  tx: Writes,
  request: Omit<DeviceRequest, 'decision'>,
  now: number,
): Promise<{ deviceCode: string; userCode: string }> {
  const deviceCode = randomBytes(48).toString('base64url')
  let userCode = newUserCode()
  while (await tx.sessions.get(keepRequests, requestKind, userCode, now)) userCode = newUserCode()
  const expiresAt = now + deviceCodeLifetimeSec * 1000
  const content: DeviceRequest = { ...request, decision: 'pending' }
  await tx.sessions.removeExpired(keepRequests, now - 86_400_000)
  await tx.sessions.put(keepRequests, userCode, { kind: requestKind, content, expiresAt })
  await tx.sessions.put(keepRequests, deviceCode, { kind: codeKind, content: { userCode }, expiresAt })
  return { deviceCode, userCode }
}

/** Undefined when the code is not known, or its time is over, or it has been decided. */
export async function pendingRequest(
  { sessions }: Pick<Reads, 'sessions'>,
  userCode: string,
  now: number,
): Promise<DeviceRequest | undefined> {
  const session = await sessions.get<DeviceRequest>(keepRequests, requestKind, userCode, now)
  return session?.content.decision === 'pending' ? session.content : undefined
}

/** False when somebody else was faster, or the time is over. */
export async function decide(
  tx: Writes,
  userCode: string,
  decision: 'declined' | SignedIn,
  now: number,
): Promise<boolean> {
  const session = await tx.sessions.get<DeviceRequest>(keepRequests, requestKind, userCode, now)
  if (session?.content.decision !== 'pending') return false
  await tx.sessions.put(keepRequests, userCode, { ...session, content: { ...session.content, decision } })
  return true
}

export type Poll =
  | { readonly outcome: 'unknown' | 'expired' }
  | { readonly outcome: 'found'; readonly request: DeviceRequest }

/** What has become of a request. Expired ones are kept for a while, so that they can be told from unknown ones. */
export async function poll({ sessions }: Pick<Reads, 'sessions'>, deviceCode: string, now: number): Promise<Poll> {
  const everKept = 0
  const code = await sessions.get<{ userCode: string }>(keepRequests, codeKind, deviceCode, everKept)
  if (!code) return { outcome: 'unknown' }
  if (code.expiresAt <= now) return { outcome: 'expired' }
  const session = await sessions.get<DeviceRequest>(keepRequests, requestKind, code.content.userCode, now)
  return session ? { outcome: 'found', request: session.content } : { outcome: 'unknown' }
}

/** Ends the request, so that its code can be redeemed once. False for whoever comes second. */
export async function spend(tx: Writes, deviceCode: string, now: number): Promise<boolean> {
  const code = await tx.sessions.get<{ userCode: string }>(keepRequests, codeKind, deviceCode, now)
  if (!code) return false
  await tx.sessions.remove(keepRequests, code.content.userCode)
  return tx.sessions.remove(keepRequests, deviceCode)
}
