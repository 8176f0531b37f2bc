import { isDeepStrictEqual } from 'node:util'
import { type ObservedCertificate, observedCertificates } from '../../../wire/agent-report.ts'
import { checked } from '../../arm/envelope.ts'
import { readJson } from '../../door/body.ts'
import { operation } from '../../door/operation.ts'
import { ownMachine } from './own-machine.ts'

/** Of what changes with every poll nothing is written down: it is said again in a moment. */
const lasting = (certificates: readonly ObservedCertificate[]) =>
  certificates.map(one => ({ ...one, nextPoll: null, lastPoll: null }))

/** Which certificates a machine keeps from vaults, and how they are. Comes whenever one of them has been looked after. */
export const certificates = operation<'write'>({
  name: 'Lazuli.Machine/certificates/write',
  route: 'PUT /certificates',
  access: { ownMachine: 'a machine tells which certificates it keeps itself' },
  changes: false,
  async run(cx) {
    const { machineId } = await ownMachine(cx)
    const said = checked(observedCertificates, await readJson(cx.request, { halves: 'replace' }))
    const now = lasting(said.certificates)
    const known = await cx.store.observedCertificates.get(cx.grant, machineId)
    if (!isDeepStrictEqual(now, known?.certificates ?? []))
      await cx.store.write(tx =>
        now.length === 0
          ? tx.observedCertificates.remove(cx.grant, machineId)
          : tx.observedCertificates.put(cx.grant, machineId, { certificates: now, saidAt: cx.now }),
      )
    cx.agents.observe(machineId, said.certificates)
    return new Response(null, { status: 204 })
  },
})
