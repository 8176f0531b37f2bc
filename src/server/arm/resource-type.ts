import type { ZodType } from 'zod'
import type { ResourceId } from '../../wire/resource-id.ts'
import type { Grant } from '../access/grant.ts'
import type { Context } from '../door/operation.ts'
import type { Parts } from '../parts.ts'
import type { AsyncOperation } from '../store/async-operations.ts'
import type { Writes } from '../store/open.ts'
import type { Resource, ResourceBody } from '../store/resources.ts'

/**
 * A resource type is one file that exports one of these. Routes, RBAC actions, audit names, lists, paging, ETags and
 * api-versions follow from it; what is left to write is what is special about the type.
 */
export type ResourceType<P = Record<string, unknown>> = {
  /** `Microsoft.Compute/virtualMachines`; a third part makes it a child of the first two. */
  readonly type: string
  /** Every version that Azure knows, newest first. */
  readonly apiVersions: readonly string[]
  /** Whether a PUT must name a location. Children have none. */
  readonly location: 'required' | 'none'
  readonly name?: { readonly pattern: RegExp; readonly rule: string }
  /** What a PUT that makes one answers, where clients do not take the usual 201. */
  readonly createdStatus?: 200
  /** Unknown members survive the round trip when the schema is a loose object. */
  readonly properties: ZodType<P>
  /** Further permissions that a body needs, each at the scope of something it names. */
  linked?(body: ResourceBody, existing: Resource | undefined): { action: string; scope: string }[]
  /**
   * Decides what is stored. Runs inside the store's transaction: it may await queries on `tx` and nothing else.
   * With `work`, the request is answered at once and `work.write` carries on; without, it is done.
   */
  put(change: Change<P>): Promise<Planned> | Planned
  /** From a PATCH body to the body a PUT would have had. Without it, only tags can be patched. */
  patch?(existing: Resource, patch: Record<string, unknown>): ResourceBody
  /** Before a resource goes. With `work`, the row stays until `work.delete` has ended. */
  remove?(removal: Removal): Promise<{ work?: unknown }> | { work?: unknown }
  /** POST operations below the resource, by name. */
  readonly actions?: Readonly<Record<string, ResourceAction>>
  /** What goes on after the answer: `write`, `delete`, or an action's name. Each must bear to be begun again. */
  readonly work?: Readonly<Record<string, (job: Job) => Promise<unknown>>>
  /** The body as this version shows it. Without it, it is shown as stored. */
  render?(view: View): Promise<Record<string, unknown>> | Record<string, unknown>
}

export type Change<P> = {
  readonly cx: Context<'write'>
  readonly tx: Writes
  readonly id: ResourceId
  readonly existing: Resource | undefined
  readonly body: ResourceBody & { readonly properties: P }
}

export type Removal = {
  readonly cx: Remover
  readonly tx: Writes
  readonly id: ResourceId
  readonly existing: Resource
}

/** Who removes: a request, or the deletion of a resource group, which goes on after its request is answered. */
export type Remover = Parts & { readonly grant: Grant<'delete'>; readonly now: number }

export type Planned = { readonly body: ResourceBody; readonly work?: unknown }

export type View = {
  readonly parts: Parts
  readonly resource: Resource
  readonly apiVersion: string
  readonly expand: readonly string[]
  /** Of the request. Its query is for what one type alone understands, such as `statusOnly` in a list of machines. */
  readonly url: URL
}

export type ResourceAction = {
  /** Without it the versions of the type apply. */
  readonly apiVersions?: readonly string[]
  run(cx: Context<'action'>, resource: Resource): Promise<Response> | Response
}

export type Job = Parts & {
  readonly operation: AsyncOperation
  /** The target as it is now; undefined when it is gone. */
  readonly resource: Resource | undefined
}

export const defineResource = <P>(type: ResourceType<P>): ResourceType => type as unknown as ResourceType
