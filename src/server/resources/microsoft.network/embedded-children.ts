import { type ResourceId, resourceId } from '../../../wire/resource-id.ts'
import { systemGrant } from '../../access/grant.ts'
import type { Change } from '../../arm/resource-type.ts'
import type { Reads } from '../../store/open.ts'
import type { Resource, ResourceBody } from '../../store/resources.ts'
import { invalidRequestFormat } from './refusals.ts'

/**
 * Subnets and security rules are resources of their own that their parent shows inside itself, and that a PUT of the
 * parent puts with it. They are stored once, as what they are: the parent's row does not hold them.
 */

const seeChildren = systemGrant('show a resource with the children inside it')

export async function childrenOf(
  { resources }: Pick<Reads, 'resources'>,
  parent: ResourceId,
  type: string,
): Promise<Resource[]> {
  const found: Resource[] = []
  for (let after: string | undefined; ; after = found.at(-1)?.id.key) {
    const rows = await resources.list(
      seeChildren,
      { in: parent.text, type },
      { limit: 1000, ...(after === undefined ? {} : { after }) },
    )
    found.push(...rows)
    if (rows.length < 1000) return found
  }
}

export const shownChild = ({ id, etag, body }: Resource, type: string) => ({
  name: id.name,
  id: id.text,
  etag: `"${etag}"`,
  type,
  ...body,
})

export type ChildWish = {
  readonly name?: string | undefined
  readonly properties?: Readonly<Record<string, unknown>> | undefined
}

type Put = (
  id: ResourceId,
  existing: Resource | undefined,
  properties: Record<string, unknown>,
) => Promise<ResourceBody>

/**
 * Puts the children that a parent's body holds and removes the others; a body without them changes none. `gone` throws
 * for one that may not go.
 */
export async function putChildren(
  { cx, tx, id }: Pick<Change<unknown>, 'cx' | 'tx' | 'id'>,
  type: string,
  wished: readonly ChildWish[] | undefined,
  { put, gone }: { put: Put; gone(child: Resource): Promise<void> },
): Promise<void> {
  if (!wished) return
  const kind = type.slice(type.lastIndexOf('/') + 1)
  const before = await childrenOf(tx, id, type)
  const names = wished.map(({ name }) => (name ?? '').toLowerCase())
  if (names.some((name, at) => name === '' || name.includes('/') || names.indexOf(name) !== at)) {
    throw invalidRequestFormat(`Each of the ${kind} of resource ${id.text} needs a name of its own.`)
  }
  for (const child of before) {
    if (names.includes(child.id.name.toLowerCase())) continue
    await gone(child)
    await tx.resources.remove(cx.grant, child.id)
  }
  for (const { name = '', properties = {} } of wished) {
    const existing = before.find(child => child.id.name.toLowerCase() === name.toLowerCase())
    const childId = existing?.id ?? resourceId(`${id.text}/${kind}/${name}`)
    await tx.resources.put(cx.grant, childId, await put(childId, existing, { ...properties }))
  }
}
