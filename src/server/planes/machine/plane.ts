import { systemGrant } from '../../access/grant.ts'
import { bearerToken } from '../../door/authenticate.ts'
import type { Call, Caller, Operation } from '../../door/operation.ts'
import type { Plane } from '../../door/plane.ts'
import { AzureError } from '../../errors.ts'
import { machineFactsOf, vmIdOf } from '../../machines/facts.ts'
import type { Parts } from '../../parts.ts'
import { certificates } from './certificates.ts'
import { commandResult } from './command-result.ts'
import { enrol } from './enrolment.ts'
import { goalState } from './goal-state.ts'
import { claimedMachine, verifyMachineToken } from './machine-token.ts'
import { packageContent } from './package-content.ts'
import { report } from './report.ts'

const findMachine = systemGrant('find the machine that an agent speaks for')

const operations: readonly Operation[] = [enrol, goalState, report, packageContent, commandResult, certificates]

/** What the agents in machines ask and tell. Not one of Azure's protocols: there, this one is closed. */
export function machinePlane(parts: Parts): Plane {
  return {
    name: 'machine',
    operations,
    // Tokens of the directory are of no use here, whoever they are for.
    acceptsAudience: () => false,

    async authenticate({ request }): Promise<Caller> {
      const token = bearerToken(request)
      if (token === undefined) return { kind: 'anonymous' }
      const machineId = claimedMachine(token)
      const id = machineId === undefined ? undefined : parts.machines.resourceIdOf(machineId)
      const vm = id && (await parts.store.resources.get(findMachine, id))
      const key = vm && vmIdOf(vm) === machineId ? machineFactsOf(vm)?.agentKey : undefined
      if (machineId === undefined || !id || key === undefined) return { kind: 'rejected', error: refused('invalid') }
      // An agent knows the time of the host and not that of Lazuli, which can be moved.
      const verdict = verifyMachineToken(token, key, parts.clock.now() - parts.clock.shiftMs)
      if (!verdict.valid) return { kind: 'rejected', error: refused(verdict.reason) }
      return { kind: 'machine', machineId, resourceId: id.text }
    },

    notFound: () => new AzureError(404, 'NotFound', 'There is no such operation.'),
    unauthenticated: (_call: Call, why) => refused(why),
    forbidden: () => new AzureError(403, 'Forbidden', 'A machine may do this only for itself.'),
    renderError: ({ status, code, message, headers }) =>
      Response.json({ error: { code, message } }, { status, headers }),
  }
}

const refused = (why: string) =>
  new AzureError(401, 'Unauthorized', `The machine has not proved which one it is: ${why}.`, {
    headers: { 'WWW-Authenticate': 'Bearer realm="machine"' },
  })
