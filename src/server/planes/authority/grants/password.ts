import { personAnswer } from '../answer.ts'
import { authenticateClient, requireProofUnlessPublic } from '../client.ts'
import { signInWithPassword } from '../person.ts'
import { startFamily } from '../refresh-tokens.ts'
import { missingParameter } from '../refusals/request.ts'
import { personWish } from '../scopes.ts'
import type { Grant } from './grant.ts'

/** A person's name and password, handed over by a program that was trusted with them. */
export const password: Grant = async (cx, authority, form, style) => {
  const { client, proof } = await authenticateClient(cx, authority, form)
  requireProofUnlessPublic(client, proof)
  const wish = await personWish(cx, form, style)
  if (!wish) throw missingParameter(style === 'v1' ? 'resource' : 'scope')
  const username = form.get('username')
  const secret = form.get('password')
  if (!username) throw missingParameter('username')
  if (!secret) throw missingParameter('password')

  const { user, signedIn } = await signInWithPassword(cx, authority, { username, password: secret })
  const { clientId } = client
  const family = wish.wantsRefreshToken
    ? await cx.store.write(tx => startFamily(tx, { signedIn, clientId, wish }, cx.now))
    : undefined
  return personAnswer(cx, authority, { user, client, proof, wish, style, refreshToken: family?.token })
}
