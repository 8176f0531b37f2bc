import { observedCertificates } from '../../../wire/agent-report.ts'
import { checked } from '../../arm/envelope.ts'
import { readJson } from '../../door/body.ts'
import { operation } from '../../door/operation.ts'
import { ownMachine } from './own-machine.ts'

/** Which certificates a machine keeps from vaults, and how they are. Comes whenever one of them has been looked after. */
export const certificates = operation<'write'>({
  name: 'Lazuli.Machine/certificates/write',
  route: 'PUT /certificates',
  access: { ownMachine: 'a machine tells which certificates it keeps itself' },
  changes: false,
  async run(cx) {
    const { machineId } = await ownMachine(cx)
    const said = checked(observedCertificates, await readJson(cx.request, { halves: 'replace' }))
    cx.agents.observe(machineId, said.certificates)
    return new Response(null, { status: 204 })
  },
})
