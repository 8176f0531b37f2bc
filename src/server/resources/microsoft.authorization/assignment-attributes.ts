import type { Attributes } from '../../access/condition.ts'
import { systemGrant } from '../../access/grant.ts'
import { readJson } from '../../door/body.ts'
import type { Call } from '../../door/operation.ts'
import { AzureError } from '../../errors.ts'
import type { Parts } from '../../parts.ts'
import { principalTypeOf } from './principal-type.ts'
import { roleNameOf } from './role-lookup.ts'

const lookUpForCondition = systemGrant('find what the condition of a role asks about an assignment')

type Described = {
  roleDefinitionId: string | undefined
  principalId: string | undefined
  principalType: string | undefined
}

/**
 * What a delegate's condition may ask: which role goes to whom, in the assignment that is to be (`@Request`) and in
 * the one that is there (`@Resource`).
 */
export async function assignmentAttributes(call: Call & Parts): Promise<Attributes> {
  const wished = call.request.method === 'PUT' ? await wishedAssignment(call) : undefined
  const existing = await call.store.roles.assignment(lookUpForCondition, call.params.name ?? '')
  return (source, name) => {
    const described: Described | undefined =
      source === 'Request' ? wished : source === 'Resource' ? existing : undefined
    switch (name.toLowerCase()) {
      case 'microsoft.authorization/roleassignments:roledefinitionid':
        return described?.roleDefinitionId
      case 'microsoft.authorization/roleassignments:principalid':
        return described?.principalId
      case 'microsoft.authorization/roleassignments:principaltype':
        return described?.principalType
      default:
        return undefined
    }
  }
}

async function wishedAssignment({ request, store }: Call & Parts): Promise<Described | undefined> {
  const properties = await propertiesOf(request)
  const text = (name: string) => (typeof properties[name] === 'string' ? properties[name].trim() : undefined)
  const principalId = text('principalId')?.toLowerCase()
  const principal = principalId && (await store.principals.get(lookUpForCondition, { objectId: principalId }))
  return {
    roleDefinitionId: roleNameOf(text('roleDefinitionId') ?? ''),
    principalId,
    // The directory knows better than the caller what somebody is.
    principalType: principal ? principalTypeOf(principal) : text('principalType'),
  }
}

async function propertiesOf(request: Request): Promise<Record<string, unknown>> {
  try {
    const { properties } = await readJson(request.clone())
    return typeof properties === 'object' && properties !== null ? { ...properties } : {}
  } catch (error) {
    // The handler says what is wrong with the body, to whoever gets that far.
    if (error instanceof AzureError) return {}
    throw error
  }
}
