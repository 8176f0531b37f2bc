import * as z from 'zod'
import { parseResourceId } from '../../../wire/resource-id.ts'
import { checked } from '../../arm/envelope.ts'
import { AzureError } from '../../errors.ts'
import type { Resource, ResourceBody, ResourceIdentity } from '../../store/resources.ts'
import { invalidParameter, missingParameter } from './refusals.ts'

/** Which identities a machine is to have. The ids are as the caller wrote them, each once. */
export type IdentityWish = { readonly systemAssigned: boolean; readonly userAssigned: readonly string[] }

const patchShape = z.looseObject({ type: z.string().optional() })

const userAssignedType = 'microsoft.managedidentity/userassignedidentities'
const assign = 'Microsoft.ManagedIdentity/userAssignedIdentities/assign/action'

/**
 * Reads the `identity` of a PUT body. Throws 400. How long an identity's name is makes no difference: the limit of 24
 * characters that older documents state for machines is gone from Azure.
 */
export function readIdentity(identity: ResourceIdentity): IdentityWish {
  const kinds = kindsOf(identity.type)
  const userAssigned = kinds.userAssigned ? [...namedIn(identity).values()] : []
  if (kinds.userAssigned && userAssigned.length === 0) throw missingParameter('identity.userAssignedIdentities')
  for (const id of userAssigned) {
    if (parseResourceId(id)?.type.toLowerCase() !== userAssignedType) throw notAnIdentity(id)
  }
  return { systemAssigned: kinds.systemAssigned, userAssigned }
}

/**
 * From the `identity` of a PATCH to that of a PUT. A PATCH merges: ids that it does not mention stay, `null` takes one
 * away, and a type without UserAssigned takes all of them away. az writes ids in lower case there.
 */
export function mergedIdentity(existing: ResourceIdentity | undefined, asked: unknown): ResourceIdentity | undefined {
  if (asked === undefined) return existing
  if (asked === null) return { type: 'None' }
  const patch = checked(patchShape, asked, 'identity')
  const type = patch.type ?? existing?.type ?? 'None'
  const kinds = kindsOf(type)
  if (!kinds.userAssigned) return { type }

  const kept = Array.isArray(patch.identityIds) ? new Map<string, string>() : namedIn(existing)
  let anyRemoved = false
  for (const [id, value] of entriesOf(patch)) {
    const key = keyOf(id)
    if (value !== null && !kept.has(key)) kept.set(key, id)
    if (value === null && kept.delete(key)) anyRemoved = true
  }
  if (kept.size === 0 && anyRemoved) return { type: kinds.systemAssigned ? 'SystemAssigned' : 'None' }
  return { type, userAssignedIdentities: Object.fromEntries([...kept.values()].map(id => [id, {}])) }
}

/** The right to assign is asked for at each identity that a body names and the machine does not have yet. */
export function identitiesToAssign(
  { identity }: Pick<ResourceBody, 'identity'>,
  existing: Resource | undefined,
): { action: string; scope: string }[] {
  if (!identity || !kindsOf(identity.type).userAssigned) return []
  const before = namedIn(existing?.body.identity)
  return [...namedIn(identity)]
    .filter(([key, id]) => !before.has(key) && parseResourceId(id) !== undefined)
    .map(([, scope]) => ({ action: assign, scope }))
}

/** As the resource manager writes it; undefined when there is none of either. */
export function identityType({ systemAssigned, userAssigned }: IdentityWish): string | undefined {
  const kinds = [...(systemAssigned ? ['SystemAssigned'] : []), ...(userAssigned.length > 0 ? ['UserAssigned'] : [])]
  return kinds.length === 0 ? undefined : kinds.join(', ')
}

/** Ids are compared without regard to case, and a trailing blank or slash is nothing. */
export const keyOf = (id: string): string => parseResourceId(id)?.key ?? id.toLowerCase()

function kindsOf(type: string): { systemAssigned: boolean; userAssigned: boolean } {
  const kinds = type.split(',').map(kind => kind.trim().toLowerCase())
  const known = ['systemassigned', 'userassigned', 'none']
  const isAlone = !kinds.includes('none') || kinds.length === 1
  if (!kinds.every(kind => known.includes(kind)) || !isAlone) throw invalidParameter('identity.type')
  return { systemAssigned: kinds.includes('systemassigned'), userAssigned: kinds.includes('userassigned') }
}

/** By key; of two spellings of one id the first one counts. */
function namedIn(identity: ResourceIdentity | undefined): Map<string, string> {
  const named = new Map<string, string>()
  for (const [id] of entriesOf(identity ?? {})) if (!named.has(keyOf(id))) named.set(keyOf(id), id)
  return named
}

/** Versions before 2018-06-01 have a list instead of a dictionary. */
function entriesOf(identity: object): [id: string, value: unknown][] {
  const { userAssignedIdentities = {}, identityIds = [] } = identity as Record<string, unknown>
  if (typeof userAssignedIdentities !== 'object' || userAssignedIdentities === null) {
    throw invalidParameter('identity.userAssignedIdentities')
  }
  if (!Array.isArray(identityIds) || !identityIds.every(id => typeof id === 'string')) {
    throw invalidParameter('identity.identityIds')
  }
  const entries = Object.entries(userAssignedIdentities)
  const wrong = entries.filter(([, value]) => typeof value !== 'object' || Array.isArray(value)).map(([id]) => id)
  if (wrong.length > 0) throw invalidIdentityValues(wrong)
  return [...entries, ...identityIds.map((id): [string, unknown] => [id, {}])]
}

const notAnIdentity = (id: string) =>
  invalidParameter(
    'resourceIdentity.identityIds',
    `ResourceIdentity identityId '${id}' is not a valid reference to a Microsoft.ManagedIdentity identity.`,
  )

const invalidIdentityValues = (ids: string[]) =>
  new AzureError(
    400,
    'InvalidIdentityValues',
    `Invalid value for the identities '${ids.join(', ')}'. The 'UserAssignedIdentities' property keys should only be empty json objects, null or the resource exisiting property.`,
  )
