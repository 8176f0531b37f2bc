import { systemGrant } from '../../access/grant.ts'
import type { Reads } from '../../store/open.ts'
import { type AccessPolicy, mostAccessPolicies } from '../../vaults/properties.ts'
import { badRequest, invalidValueFor } from './refusals.ts'

/** What a policy can permit, https://learn.microsoft.com/en-us/rest/api/keyvault/keyvault/vaults/create-or-update */
const inCommon = ['all', 'get', 'list', 'delete', 'backup', 'restore', 'recover', 'purge']
const known: Readonly<Record<string, ReadonlySet<string>>> = {
  keys: new Set([
    ...inCommon,
    ...['create', 'update', 'import', 'encrypt', 'decrypt', 'wrapkey', 'unwrapkey', 'sign', 'verify', 'release'],
    ...['rotate', 'getrotationpolicy', 'setrotationpolicy'],
  ]),
  secrets: new Set([...inCommon, 'set']),
  certificates: new Set([
    ...inCommon,
    ...['create', 'update', 'import', 'managecontacts'],
    ...['getissuers', 'listissuers', 'setissuers', 'deleteissuers', 'manageissuers'],
  ]),
  storage: new Set([...inCommon, 'set', 'update', 'regeneratekey', 'getsas', 'listsas', 'setsas', 'deletesas']),
}

const lookUp = systemGrant('see whether those whom access policies name are there')

/** Two policies of one of these would be about the same caller. */
export const callerOf = ({ objectId, applicationId = '' }: AccessPolicy): string =>
  `${objectId} ${applicationId}`.toLowerCase()

/** Throws 400 for what a policy cannot permit: a slip of the pen here would be noticed when it is needed. */
export function checkPermissions(policies: readonly AccessPolicy[]): void {
  for (const { permissions } of policies) {
    for (const [kind, names] of Object.entries(known)) {
      const given = permissions[kind] as readonly string[] | undefined
      if (given?.some(one => !names.has(one.toLowerCase()))) throw invalidAccessPolicies()
    }
  }
}

/**
 * Throws 400 for policies that could never let anybody in. Whoever had one before keeps it, also when they are gone
 * from the directory: a vault is to be changed without a search for them.
 */
export async function checkAccessPolicies(
  { principals }: Pick<Reads, 'principals'>,
  policies: readonly AccessPolicy[],
  { tenantId, before }: { tenantId: string; before: readonly AccessPolicy[] },
): Promise<void> {
  if (policies.length > mostAccessPolicies)
    throw badRequest(`A vault has at most ${mostAccessPolicies} access policies.`)
  checkPermissions(policies)
  const there = new Set(before.map(callerOf))
  const named = new Set<string>()
  for (const [index, policy] of policies.entries()) {
    if (policy.tenantId.toLowerCase() !== tenantId) throw invalidAt(index, 'TenantId', policy.tenantId)
    const caller = callerOf(policy)
    if (named.has(caller)) throw invalidAccessPolicies()
    named.add(caller)
    if (there.has(caller)) continue
    const { objectId } = policy
    if (!(await principals.get(lookUp, { objectId: objectId.toLowerCase() })))
      throw invalidAt(index, 'ObjectId', objectId)
  }
}

const invalidAccessPolicies = () => invalidValueFor('accessPolicies')

const invalidAt = (index: number, member: 'ObjectId' | 'TenantId', value: string) =>
  badRequest(`Invalid value found at accessPolicies[${index}].${member}: ${value}`)
