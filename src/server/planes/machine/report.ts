import { isDeepStrictEqual } from 'node:util'
import { agentReport, type HandlerReport } from '../../../wire/agent-report.ts'
import { parseResourceId, type ResourceId } from '../../../wire/resource-id.ts'
import type { Grant } from '../../access/grant.ts'
import { checked, storable } from '../../arm/envelope.ts'
import { readJson } from '../../door/body.ts'
import { operation } from '../../door/operation.ts'
import {
  extensionType,
  outcomeOf,
  storedExtensionOf,
} from '../../resources/microsoft.compute/extensions/stored-extension.ts'
import type { Writes } from '../../store/open.ts'
import type { Resource } from '../../store/resources.ts'
import { ownMachine } from './own-machine.ts'

/**
 * How a machine is. Comes every half minute, and whenever something has changed; only what is new of its extensions is
 * written, everything else is true for the moment and forgotten with the server.
 */
export const report = operation<'write'>({
  name: 'Lazuli.Machine/reports/write',
  route: 'POST /report',
  access: { ownMachine: 'a machine tells how it is itself' },
  changes: false,
  async run(cx) {
    const { machineId, vm } = await ownMachine(cx)
    // What programs have said is cut short anywhere.
    const said = checked(agentReport, await readJson(cx.request, { halves: 'replace' }))
    const changed = await Promise.all(
      said.handlers.map(async handler => {
        const id = extensionId(vm.id, handler.name)
        const known = id && (await cx.store.resources.get(cx.grant, id))
        return id && known && isNews(known, handler) ? [{ id, handler }] : []
      }),
    )
    if (changed.flat().length > 0) {
      await cx.store.write(async tx => {
        for (const { id, handler } of changed.flat()) await keep(tx, cx.grant, id, handler)
      })
    }
    cx.agents.heard(machineId, said, cx.now)
    return new Response(null, { status: 204 })
  },
})

/** Undefined for a name that no extension can have: root in a machine may have written the report. */
const extensionId = (vm: ResourceId, name: string) =>
  parseResourceId(`${vm.text}/${extensionType.split('/').at(-1)}/${encodeURIComponent(name.toWellFormed())}`)

function isNews(known: Resource, handler: HandlerReport): boolean {
  const { incarnation, sequenceNumber, version, reported } = storedExtensionOf(known)
  const isAboutIt =
    handler.incarnation === incarnation && handler.sequenceNumber === sequenceNumber && handler.version === version
  return isAboutIt && !isDeepStrictEqual(handler, reported)
}

async function keep(tx: Writes, grant: Grant<'write'>, id: ResourceId, handler: HandlerReport): Promise<void> {
  const now = await tx.resources.get(grant, id)
  if (!now || !isNews(now, handler)) return
  const extension = { ...storedExtensionOf(now), reported: handler }
  const { provisioningState } = now.body.properties
  // Nobody waits for an extension whose time was over; that it was applied in the end is true all the same.
  const isLate = provisioningState === 'Failed' && outcomeOf(extension).state === 'succeeded'
  const properties = isLate ? { ...now.body.properties, provisioningState: 'Succeeded' } : now.body.properties
  await tx.resources.put(grant, id, storable({ ...now.body, properties, extension }))
}
