import type { Carry } from '../arm/async-work.ts'
import type { Parts } from '../parts.ts'
import { asyncKinds, resourceTypes } from './index.ts'

/** From the kind of a piece of work to the code that does it: `<resource type>/<write|delete|action>`. */
export function carriesOut(parts: Parts): (kind: string) => Carry | undefined {
  const kinds = new Map<string, Carry>()
  const all = [...resourceTypes.map(({ type, work }) => ({ type, work })), ...asyncKinds]
  for (const { type, work } of all) {
    for (const [verb, job] of Object.entries(work ?? {})) {
      kinds.set(`${type}/${verb}`, (operation, resource) => job({ ...parts, operation, resource }))
    }
  }
  return kind => kinds.get(kind)
}
