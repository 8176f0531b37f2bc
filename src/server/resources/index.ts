import type { Job, ResourceType } from '../arm/resource-type.ts'
import type { Operation } from '../door/operation.ts'
import { clock } from './lazuli.server/clock.ts'
import { machines } from './lazuli.server/machines.ts'
import { status } from './lazuli.server/status.ts'
import { stop } from './lazuli.server/stop.ts'
import { tickets } from './lazuli.server/tickets.ts'

/** One line for each resource type. */
export const resourceTypes: readonly ResourceType[] = []

/** What is not a resource of its own: listings, and types whose ids or rules are unlike all others. */
export const operations: readonly Operation[] = [status, machines, clock, tickets, stop]

/** Work that goes on after an answer, of what is not a resource type: what `<type>/<verb>` means. */
export const asyncKinds: readonly { type: string; work: Readonly<Record<string, (job: Job) => Promise<unknown>>> }[] =
  []
