import { systemGrant } from '../../access/grant.ts'
import { passwordFits, pretendToCheck } from '../../directory/credentials.ts'
import type { Context } from '../../door/operation.ts'
import type { Principal, PrincipalReads } from '../../store/principals.ts'
import type { Authority } from './authority.ts'
import { accountDisabled, passwordInvalid } from './refusals/sign-in.ts'

/** Somebody who knew the password. What is remembered of the sign-in ends when the password is another. */
export type SignedIn = { readonly userId: string; readonly passwordId: string }

const checkPassword = systemGrant('check the password of a person who signs in')

/**
 * Throws AADSTS50126 for a wrong password and, after the same time and in the same words, for an unknown name;
 * AADSTS50053 after too many of these; AADSTS50057 for a disabled account, to those who know its password.
 */
export async function signInWithPassword(
  cx: Context,
  authority: Authority,
  { username, password }: { username: string; password: string },
): Promise<{ user: Principal; signedIn: SignedIn }> {
  cx.identified({ claimed: username })
  const check = async () => {
    const user = await cx.store.principals.get(checkPassword, { userPrincipalName: username.trim() })
    const verifier = user && (await passwordOf(cx.store.principals, user.objectId))
    const fits = verifier ? await passwordFits(verifier.verifier, password) : await pretendToCheck(password)
    return fits && user && verifier ? { user, signedIn: { userId: user.objectId, passwordId: verifier.id } } : undefined
  }
  const attempt = { account: username.trim(), address: cx.peer.address, isGuessable: true }
  const found = await authority.guard.attempt(attempt, check)
  if (!found) throw passwordInvalid()
  cx.identified(found.user)
  if (found.user.disabled) throw accountDisabled()
  return found
}

/** The user behind an earlier sign-in; undefined when the account is gone or disabled, or has another password now. */
export async function stillSignedIn(
  principals: PrincipalReads,
  { userId, passwordId }: SignedIn,
): Promise<Principal | undefined> {
  const user = await principals.get(checkPassword, { objectId: userId })
  if (!user || user.disabled) return undefined
  const password = await passwordOf(principals, userId)
  return password?.id === passwordId ? user : undefined
}

async function passwordOf(principals: PrincipalReads, userId: string) {
  return (await principals.credentials(checkPassword, userId)).find(({ kind }) => kind === 'password')
}
