import type { Kysely, Selectable } from 'kysely'
import { type Change, demand, type Grant, shows } from '../access/grant.ts'
import type { RoleDefinition } from '../access/roles.ts'
import { scopeKey } from '../access/scope.ts'
import { afresh, type Remember } from './remember.ts'
import type { RoleAssignmentTable, Tables } from './tables.ts'

export type RoleAssignment = {
  /** A GUID, unique in the whole directory. */
  readonly name: string
  readonly scope: string
  readonly principalId: string
  /** The GUID alone, in lower case. */
  readonly roleDefinitionId: string
  readonly principalType: string
  readonly condition?: string
  readonly conditionVersion?: string
  readonly description?: string
  readonly createdOn: string
  readonly updatedOn: string
  readonly createdBy: string
  readonly updatedBy: string
}

export type RoleReads = {
  assignment(grant: Grant, name: string): Promise<RoleAssignment | undefined>
  /** Those at the scopes named, or, with `below`, those at or below one scope. Ordered by name. */
  assignments(grant: Grant, where: { at: readonly string[] } | { below: string }): Promise<RoleAssignment[]>
  assignmentsOf(grant: Grant<never>, principalId: string): Promise<readonly RoleAssignment[]>
  customRole(grant: Grant, name: string): Promise<RoleDefinition | undefined>
  customRoles(grant: Grant): Promise<RoleDefinition[]>
}

export type RoleWrites = RoleReads & {
  /** Undefined when the same role is assigned to the same principal at the same scope under another name. */
  putAssignment(grant: Grant<Change>, assignment: RoleAssignment): Promise<RoleAssignment | undefined>
  removeAssignment(grant: Grant<Change>, assignment: RoleAssignment): Promise<void>
  /** When a scope goes, what was assigned in it goes, too. */
  removeAssignmentsBelow(grant: Grant<Change>, scope: string): Promise<void>
  putCustomRole(grant: Grant<Change>, role: RoleDefinition): Promise<void>
  removeCustomRole(grant: Grant<Change>, name: string): Promise<void>
}

export const assignmentId = (assignment: Pick<RoleAssignment, 'scope' | 'name'>) =>
  `${assignment.scope === '/' ? '' : assignment.scope}/providers/Microsoft.Authorization/roleAssignments/${assignment.name}`

type Row = Selectable<RoleAssignmentTable>

const read = (row: Row): RoleAssignment => ({
  ...JSON.parse(row.json),
  name: row.name,
  scope: row.scope,
  principalId: row.principal_id,
  roleDefinitionId: row.role_definition_id,
})

/** SQL text order puts everything below a scope between `scope/` and `scope0` ('0' follows '/'). */
const rangeBelow = (scope: string) => (scope === '/' ? { from: '/', to: '0' } : { from: `${scope}/`, to: `${scope}0` })

export function roleReads(db: Kysely<Tables>, remember: Remember): RoleReads {
  const findOf = remember(async (principalId: string) => {
    const rows = await db.selectFrom('role_assignments').selectAll().where('principal_id', '=', principalId).execute()
    return rows.map(read)
  })
  const findCustom = remember(async (name: string): Promise<RoleDefinition | undefined> => {
    const row = await db.selectFrom('role_definitions').selectAll().where('name', '=', name).executeTakeFirst()
    return row && JSON.parse(row.json)
  })
  return {
    async assignment(grant, name) {
      const row = await db
        .selectFrom('role_assignments')
        .selectAll()
        .where('name', '=', name.toLowerCase())
        .executeTakeFirst()
      if (row) demand(grant, assignmentId(row))
      return row && read(row)
    },

    async assignments(grant, where) {
      let query = db.selectFrom('role_assignments').selectAll().orderBy('name')
      if ('at' in where) {
        query = query.where('scope_key', 'in', where.at.map(scopeKey))
      } else {
        demand(grant, where.below)
        const scope = scopeKey(where.below)
        const { from, to } = rangeBelow(scope)
        query = query.where(eb =>
          eb.or([eb('scope_key', '=', scope), eb.and([eb('scope_key', '>=', from), eb('scope_key', '<', to)])]),
        )
      }
      return (await query.execute()).map(read).filter(assignment => shows(grant, assignment.scope))
    },

    assignmentsOf(grant, principalId) {
      demand(grant, '/')
      return findOf(principalId)
    },

    async customRole(grant, name) {
      demand(grant)
      return findCustom(name.toLowerCase())
    },

    async customRoles(grant) {
      demand(grant)
      const rows = await db.selectFrom('role_definitions').selectAll().orderBy('name').execute()
      return rows.map(row => JSON.parse(row.json))
    },
  }
}

export function roleWrites(db: Kysely<Tables>): RoleWrites {
  return {
    ...roleReads(db, afresh),

    async putAssignment(grant, assignment) {
      demand(grant, assignmentId(assignment))
      const { name, scope, principalId, roleDefinitionId, ...rest } = assignment
      const same = await db
        .selectFrom('role_assignments')
        .select('name')
        .where('scope_key', '=', scopeKey(scope))
        .where('principal_id', '=', principalId)
        .where('role_definition_id', '=', roleDefinitionId)
        .executeTakeFirst()
      if (same && same.name !== name) return undefined
      const row = await db
        .insertInto('role_assignments')
        .values({
          name,
          id_key: assignmentId(assignment).toLowerCase(),
          scope,
          scope_key: scopeKey(scope),
          principal_id: principalId,
          role_definition_id: roleDefinitionId,
          json: JSON.stringify(rest),
        })
        .onConflict(conflict => conflict.column('name').doUpdateSet({ json: JSON.stringify(rest) }))
        .returningAll()
        .executeTakeFirstOrThrow()
      return read(row)
    },

    async removeAssignment(grant, assignment) {
      demand(grant, assignmentId(assignment))
      await db.deleteFrom('role_assignments').where('name', '=', assignment.name).execute()
    },

    async removeAssignmentsBelow(grant, below) {
      demand(grant, below)
      const scope = scopeKey(below)
      const { from, to } = rangeBelow(scope)
      await db
        .deleteFrom('role_assignments')
        .where(eb =>
          eb.or([eb('scope_key', '=', scope), eb.and([eb('scope_key', '>=', from), eb('scope_key', '<', to)])]),
        )
        .execute()
    },

    async putCustomRole(grant, role) {
      demand(grant)
      const values = { name: role.name, json: JSON.stringify(role) }
      await db
        .insertInto('role_definitions')
        .values(values)
        .onConflict(conflict => conflict.column('name').doUpdateSet(values))
        .execute()
    },

    async removeCustomRole(grant, name) {
      demand(grant)
      await db.deleteFrom('role_definitions').where('name', '=', name.toLowerCase()).execute()
    },
  }
}
