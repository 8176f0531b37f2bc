import type { Context } from '../door/operation.ts'
import { AzureError } from '../errors.ts'

/**
 * A body may name other resources, such as the identities a machine is to have. Using them takes a right at each of
 * them, too. Throws 403.
 */
export async function linkedAuthorization(
  cx: Context,
  wishes: readonly { action: string; scope: string }[],
): Promise<void> {
  for (const { action, scope } of wishes) {
    if (await cx.mayI(action, scope)) continue
    throw linkedAuthorizationFailed(cx, action, scope)
  }
}

const linkedAuthorizationFailed = ({ caller, grant }: Context, action: string, scope: string) => {
  const client =
    caller.kind === 'principal' ? (caller.principal.userPrincipalName ?? caller.principal.clientId ?? '') : ''
  const objectId = caller.kind === 'principal' ? caller.principal.objectId : ''
  return new AzureError(
    403,
    'LinkedAuthorizationFailed',
    `The client '${client}' with object id '${objectId}' has permission to perform action '${grant.action}' on scope '${grant.scope}'; however, it does not have permission to perform action '${action}' on the linked scope(s) '${scope}' or the linked scope(s) are invalid.`,
  )
}
