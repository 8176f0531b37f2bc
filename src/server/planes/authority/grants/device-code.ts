import { personAnswer } from '../answer.ts'
import { authenticateClient, requireProofUnlessPublic } from '../client.ts'
import { poll, spend } from '../device-codes.ts'
import { stillSignedIn } from '../person.ts'
import { startFamily } from '../refresh-tokens.ts'
import { missingParameter } from '../refusals/request.ts'
import {
  authorizationDeclined,
  authorizationPending,
  deviceCodeExpired,
  deviceCodeUnknown,
  grantOfAnotherClient,
  passwordChanged,
} from '../refusals/sign-in.ts'
import type { Grant } from './grant.ts'

/** A program without a browser asks whether its person has signed in elsewhere by now. */
export const deviceCode: Grant = async (cx, authority, form, style) => {
  const { client, proof } = await authenticateClient(cx, authority, form)
  requireProofUnlessPublic(client, proof)
  // The first drafts of the protocol called it `code`, and v1 still does.
  const code = form.get('device_code') || form.get('code')
  if (!code) throw missingParameter('device_code')

  const polled = await poll(cx.store, code, cx.now)
  if (polled.outcome !== 'found') throw polled.outcome === 'expired' ? deviceCodeExpired() : deviceCodeUnknown()
  const { clientId, wish, decision } = polled.request
  if (clientId !== client.clientId) throw grantOfAnotherClient()
  if (decision === 'pending') throw authorizationPending()

  const redeemed = await cx.store.write(async tx => {
    if (!(await spend(tx, code, cx.now)) || decision === 'declined') return undefined
    const user = await stillSignedIn(tx.principals, decision)
    if (!user) return 'gone'
    const family = wish.wantsRefreshToken
      ? await startFamily(tx, { signedIn: decision, clientId, wish }, cx.now)
      : undefined
    return { user, refreshToken: family?.token }
  })
  if (decision === 'declined') throw authorizationDeclined()
  if (!redeemed) throw deviceCodeUnknown()
  if (redeemed === 'gone') throw passwordChanged()
  cx.identified(redeemed.user)
  return personAnswer(cx, authority, { ...redeemed, client, proof, wish, style })
}
