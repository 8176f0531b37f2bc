import { commandResult as schema } from '../../../wire/agent-report.ts'
import { checked } from '../../arm/envelope.ts'
import { readJson } from '../../door/body.ts'
import { operation } from '../../door/operation.ts'
import { AzureError } from '../../errors.ts'
import { ownMachine } from './own-machine.ts'

/** What a command has said. 404 when nobody waits for it any more. */
export const commandResult = operation<'write'>({
  name: 'Lazuli.Machine/commands/write',
  route: 'POST /commands/:commandId/result',
  access: { ownMachine: 'a result is taken from the machine that was given the command' },
  async run(cx) {
    const { machineId } = await ownMachine(cx)
    const result = checked(schema, await readJson(cx.request, { halves: 'replace' }))
    if (!cx.agents.finishCommand(machineId, cx.params.commandId ?? '', result)) {
      throw new AzureError(404, 'NotFound', 'Nobody waits for this command.')
    }
    return new Response(null, { status: 204 })
  },
})
