import { personAnswer } from '../answer.ts'
import { examineCode } from '../authorization-codes.ts'
import { authenticateClient, requireProofUnlessPublic } from '../client.ts'
import { stillSignedIn } from '../person.ts'
import { startFamily } from '../refresh-tokens.ts'
import { missingParameter } from '../refusals/request.ts'
import {
  codeInvalid,
  codeRedeemed,
  codeRedirectMismatch,
  codeVerifierMismatch,
  grantOfAnotherClient,
  passwordChanged,
} from '../refusals/sign-in.ts'
import type { Grant } from './grant.ts'

const refusals = {
  unknown: codeInvalid,
  redeemed: codeRedeemed,
  'other client': grantOfAnotherClient,
  'other redirect': codeRedirectMismatch,
  'wrong verifier': codeVerifierMismatch,
  gone: passwordChanged,
}

/** A program fetches its tokens with the code that the sign-in page sent it, and the secret that it began with. */
export const authorizationCode: Grant = async (cx, authority, form, style) => {
  const { client, proof } = await authenticateClient(cx, authority, form)
  requireProofUnlessPublic(client, proof)
  const code = form.get('code')
  const redirectUri = form.get('redirect_uri')
  const codeVerifier = form.get('code_verifier')
  if (!code) throw missingParameter('code')
  if (!redirectUri) throw missingParameter('redirect_uri')
  if (!codeVerifier) throw missingParameter('code_verifier')

  const { clientId } = client
  const redeemed = await cx.store.write(async tx => {
    const examined = await examineCode(tx, code, { clientId, redirectUri, codeVerifier, now: cx.now })
    if (examined.outcome !== 'good') return examined.outcome
    const { content, spend } = examined
    const user = await stillSignedIn(tx.principals, content)
    const { wish } = content
    const family =
      user && wish.wantsRefreshToken ? await startFamily(tx, { signedIn: content, clientId, wish }, cx.now) : undefined
    await spend(family?.familyId ?? '')
    return user ? { user, wish, nonce: content.nonce, refreshToken: family?.token } : 'gone'
  })
  if (typeof redeemed === 'string') throw refusals[redeemed]()
  cx.identified(redeemed.user)
  return personAnswer(cx, authority, { ...redeemed, client, proof, style })
}
