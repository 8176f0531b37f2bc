import { systemGrant } from '../../access/grant.ts'
import type { Call, Caller, Params, Wish } from '../../door/operation.ts'
import type { Verdict } from '../../door/plane.ts'
import type { AzureError } from '../../errors.ts'
import type { Parts } from '../../parts.ts'
import { type AccessPolicy, propertiesOf } from '../../vaults/properties.ts'
import { forbidden } from '../../vaults/refusals.ts'
import { refusedByFirewall } from './firewall.ts'

const readRules = systemGrant('read the rules of access of a vault')

/**
 * A vault goes by roles or by its access policies, never by both. Undefined leaves it to roles. Where the caller comes
 * from is asked first, and of everybody who has a token.
 */
export async function permitsByPolicy(
  { store }: Pick<Parts, 'store'>,
  caller: Caller,
  { permission }: Pick<Wish, 'permission'>,
  { params, peer }: Pick<Call, 'params' | 'peer'>,
): Promise<Verdict | undefined> {
  if (caller.kind === 'anonymous') return undefined
  const vault = await store.vaults.get(readRules, params.vault ?? '')
  if (!vault) return undefined
  const about = () => `Caller: ${callerText(caller)}\r\n${vaultText(params)}`
  const outside = refusedByFirewall(propertiesOf(vault), peer.address, about)
  if (outside) return outside

  const { enableRbacAuthorization, accessPolicies = [] } = propertiesOf(vault)
  if (enableRbacAuthorization === true) return undefined
  return permission !== undefined && accessPolicies.some(policy => grants(policy, caller, permission))
    ? 'allowed'
    : refusedByPolicy(caller, permission ?? '', params)
}

/** `permission` is `secrets/get`. Whoever has all does not have purge, which is given by name only. */
function grants({ objectId, applicationId, permissions }: AccessPolicy, caller: Caller, permission: string): boolean {
  if (caller.kind !== 'principal' || objectId.toLowerCase() !== caller.principal.objectId) return false
  // An application on behalf of a user: a right that neither of them has alone.
  if (applicationId !== undefined && applicationId.toLowerCase() !== caller.claims.appid) return false
  const [kind = '', wanted = ''] = permission.split('/')
  const granted = permissions[kind]
  if (!Array.isArray(granted)) return false
  return granted.some(one => {
    const name = String(one).toLowerCase()
    return name === wanted.toLowerCase() || (name === 'all' && wanted !== 'purge')
  })
}

const refusedByPolicy = (caller: Caller, permission: string, params: Params): AzureError => {
  const [kind, name] = permission.split('/')
  return forbidden(
    `The user, group or application '${callerText(caller)}' does not have ${kind} ${name} permission on key vault '${vaultName(params)}'. For help resolving this issue, please see https://go.microsoft.com/fwlink/?linkid=2125287`,
    'ForbiddenByPolicy',
  )
}

export const refusedByRoles = (caller: Caller, action: string, scope: string, params: Params): AzureError =>
  forbidden(
    [
      'Caller is not authorized to perform action on resource.',
      'If role assignments, deny assignments or role definitions were changed recently, please observe propagation time.',
      `Caller: ${callerText(caller)}`,
      `Action: '${action}'`,
      `Resource: '${scope.toLowerCase()}'`,
      'Assignment: (not found)',
      'DenyAssignmentId: null',
      'DecisionReason: null ',
      vaultText(params),
      '',
    ].join('\r\n'),
    'ForbiddenByRbac',
  )

const vaultName = ({ vault = '', location = '' }: Params) => `${vault.toLowerCase()};location=${location}`
const vaultText = (params: Params) => `Vault: ${vaultName(params)}`

function callerText(caller: Caller): string {
  if (caller.kind !== 'principal') return caller.kind
  const { appid, iss, xms_mirid, xms_az_rid } = caller.claims
  const texts = { appid, oid: caller.principal.objectId, iss, xms_mirid, xms_az_rid }
  return Object.entries(texts)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${value}`)
    .join(';')
}
