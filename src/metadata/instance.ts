import { parseResourceId } from '../wire/resource-id.ts'
import { json, type MetadataResponse, text } from './exchange.ts'
import { type Fields, instanceFields } from './instance-fields.ts'
import type { InstanceFacts, Machine } from './machine.ts'
import { type Query, requireVersion } from './query.ts'
import { elementNotFound, queryVariableInvalid } from './refusal.ts'
import { versionsOf } from './versions.ts'

/** A part of the document as it is answered: every primitive is a string. */
export type Element = string | readonly Element[] | { readonly [name: string]: Element }

/** Answers `/metadata/instance/<elements…>`: keys of objects and indexes of lists lead down the document. */
export function instanceAnswer(query: Query, machine: Machine, elements: readonly string[]): MetadataResponse {
  const version = requireVersion(query, versionsOf.instance)
  const element = elements.reduce(elementAt, instanceDocument(machine, version))
  const format = query.get('format') ?? 'json'
  if (format === 'text') return text(typeof element === 'string' ? element : listing(element))
  if (format !== 'json') throw queryVariableInvalid('format', "'json' and 'text' are allowed")
  if (typeof element === 'string') throw queryVariableInvalid('format', "a leaf is only available with format='text'")
  return json(200, element)
}

/** The document as it looked in an api-version: later fields are left out, absent values are empty. */
export function instanceDocument(machine: Machine, version: string): Element {
  const { instance } = machine
  if (!instance) throw elementNotFound()
  return rendered(instanceFields, { compute: compute(machine, instance), network: instance.network }, version) ?? {}
}

function compute(machine: Machine, { compute: facts }: InstanceFacts): Record<string, unknown> {
  const id = parseResourceId(machine.resourceId)
  return {
    azEnvironment: 'AzurePublicCloud',
    osType: 'Linux',
    ...facts,
    name: id?.name,
    provider: id?.type.split('/', 1)[0],
    resourceGroupName: id?.resourceGroup,
    resourceId: machine.resourceId,
    // The size of the temporary disk is the one value that is 0, not empty, when there is none.
    storageProfile: { resourceDisk: { size: 0 }, ...facts.storageProfile },
    subscriptionId: id?.subscriptionId,
    tags: (facts.tagsList ?? []).map(tag => `${tag.name ?? ''}:${tag.value ?? ''}`).join(';'),
    vmId: machine.id,
  }
}

function rendered(fields: Fields, facts: unknown, version: string): Element | undefined {
  if (typeof fields === 'string') return version < fields ? undefined : facts === undefined ? '' : String(facts)
  if (isList(fields)) {
    if (rendered(fields[0], undefined, version) === undefined) return undefined
    return Array.isArray(facts) ? facts.map(fact => rendered(fields[0], fact, version) ?? '') : []
  }
  const known = isRecord(facts) ? facts : {}
  const parts = Object.entries(fields).flatMap(([name, field]) => {
    const part = rendered(field, known[name], version)
    return part === undefined ? [] : [[name, part] as const]
  })
  return parts.length === 0 ? undefined : Object.fromEntries(parts)
}

function elementAt(element: Element, key: string): Element {
  // Own properties only: `constructor` and `length` are nobody's metadata.
  const isPresent = isList(element) ? /^\d+$/.test(key) : typeof element === 'object'
  if (!isPresent || !Object.hasOwn(element as object, key)) throw elementNotFound()
  return (element as Record<string, Element>)[key] ?? ''
}

/** Like a directory: one name a line, with a slash behind those that lead further. */
function listing(element: Exclude<Element, string>): string {
  return Object.entries(element)
    .map(([name, part]) => (typeof part === 'string' ? name : `${name}/`))
    .join('\n')
}

const isList = <Item>(value: string | readonly Item[] | object): value is readonly Item[] => Array.isArray(value)

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null
