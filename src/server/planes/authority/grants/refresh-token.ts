import { personAnswer } from '../answer.ts'
import { authenticateClient, requireProofUnlessPublic } from '../client.ts'
import { renew } from '../refresh-tokens.ts'
import { missingParameter } from '../refusals/request.ts'
import { grantOfAnotherClient, passwordChanged, refreshTokenInvalid } from '../refusals/sign-in.ts'
import { personWish } from '../scopes.ts'
import type { Grant } from './grant.ts'

const refusals = {
  invalid: refreshTokenInvalid,
  'other client': grantOfAnotherClient,
  'password changed': passwordChanged,
}

/** An earlier sign-in, continued; also for another resource than the one it began with. */
export const refreshToken: Grant = async (cx, authority, form, style) => {
  const { client, proof } = await authenticateClient(cx, authority, form)
  requireProofUnlessPublic(client, proof)
  const presented = form.get('refresh_token')
  if (!presented) throw missingParameter('refresh_token')
  // Before the token is spent: a client that misspelled a resource must not lose its session over it.
  const wish = await personWish(cx, form, style)

  const redeemed = await cx.store.write(tx => renew(tx, presented, client.clientId, cx.now))
  if (redeemed.outcome !== 'renewed') throw refusals[redeemed.outcome]()
  const { user, family, token } = redeemed
  cx.identified(user)
  const original = { resource: family.resource, scope: family.scope, wantsRefreshToken: true }
  return personAnswer(cx, authority, { user, client, proof, wish: wish ?? original, style, refreshToken: token })
}
