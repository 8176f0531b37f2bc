import * as z from 'zod'
import { parseResourceId, type ResourceId } from '../../../wire/resource-id.ts'
import { systemGrant } from '../../access/grant.ts'
import type { Reads } from '../../store/open.ts'
import type { Resource } from '../../store/resources.ts'
import { invalidRequestFormat, invalidResourceReference } from './refusals.ts'

/** How resources of a network name each other. */
export const reference = z.looseObject({ id: z.string().optional() })

const followReferences = systemGrant('follow the references between the parts of a network')

/** The resource of `type` that `by` names. Throws 400 when there is none. */
export async function referenced(
  reads: Pick<Reads, 'resources'>,
  { id, type }: { id: string; type: string },
  by: ResourceId,
): Promise<Resource> {
  const parsed = parseResourceId(id)
  if (parsed?.type.toLowerCase() !== type.toLowerCase()) {
    throw invalidRequestFormat(`Value for reference id '${id}' in resource ${by.text} is not the id of a ${type}.`)
  }
  const found = await reads.resources.get(followReferences, parsed)
  if (!found || found.body.properties.provisioningState === 'Deleting') {
    throw invalidResourceReference(parsed.text, by.text)
  }
  return found
}

/** Ids are compared without regard to case. */
export const isSameId = (a: string | undefined, b: string | undefined): boolean =>
  a !== undefined && b !== undefined && a.trim().toLowerCase() === b.trim().toLowerCase()

/** The rights that a body needs at what it names and the existing resource does not name yet. */
export const newlyNamed = (
  action: string,
  wanted: readonly (string | undefined)[],
  before: readonly (string | undefined)[],
): { action: string; scope: string }[] =>
  wanted.flatMap(id => {
    const parsed = id === undefined ? undefined : parseResourceId(id)
    return parsed && !before.some(one => isSameId(one, id)) ? [{ action, scope: parsed.text }] : []
  })
