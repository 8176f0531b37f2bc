import type { CommandResult } from '../../../../wire/agent-report.ts'
import type { WantedCommand } from '../../../../wire/goal-state.ts'
import type { Parts } from '../../../parts.ts'
import { commandNeedsRunningMachine } from '../refusals.ts'

/** The agent ends a script that takes too long, and says so; this much later nobody speaks any more. */
const graceMs = 60_000
const lookAgainMs = 2_000

type Wish = {
  readonly command: WantedCommand
  /** Of the machine, for people. */
  readonly name: string
  /** Throws when nobody wants the result any more. */
  readonly demandWanted?: () => Promise<void>
}

/**
 * Has the agent of a machine run a script, once, whatever becomes of this server in between. Throws 409 when the machine
 * goes down meanwhile.
 */
export async function runInMachine(
  { agents, machines }: Pick<Parts, 'agents' | 'machines'>,
  machineId: string,
  { command, name, demandWanted }: Wish,
): Promise<CommandResult> {
  let result: CommandResult | undefined
  const done = agents.run(machineId, command).then(found => {
    result = found
  })
  const until = performance.now() + command.timeoutSec * 1000 + graceMs
  try {
    while (!result) {
      await demandWanted?.()
      if (performance.now() > until || (await machines.powerState(machineId)) !== 'running') {
        throw commandNeedsRunningMachine(name)
      }
      // News rejects when the server ends: the work is begun again with the next one.
      await Promise.race([done, agents.news(machineId), pause(lookAgainMs)])
    }
    return result
  } finally {
    agents.dropCommand(machineId, command.id)
  }
}

const pause = (ms: number) => new Promise<void>(resolve => setTimeout(resolve, ms).unref())
