import type { ResourceType } from '../arm/resource-type.ts'
import type { Operation } from '../door/operation.ts'

/** One line for each resource type. */
export const resourceTypes: readonly ResourceType[] = []

/** What is not a resource of its own: listings, and types whose ids or rules are unlike all others. */
export const operations: readonly Operation[] = []
