import type { HandlerReport } from '../../../../wire/agent-report.ts'
import { vmIdOf } from '../../../machines/facts.ts'
import type { Parts } from '../../../parts.ts'
import type { Resource } from '../../../store/resources.ts'
import { extensionView, handlerView } from './extension-view.ts'
import { extensionsOf } from './goal-state.ts'
import { extensionType } from './stored-extension.ts'

/** The extensions of a machine as the machine itself shows them: whole, in `resources`. */
export async function extensionResources(parts: Pick<Parts, 'store'>, vm: Resource) {
  const found = await extensionsOf(parts, vm)
  return found.map(({ id, body: { extension: _extension, ...body } }) => ({
    id: id.text,
    name: id.name,
    type: extensionType,
    ...body,
  }))
}

/** Silence for longer than this is taken for the end of an agent, which speaks every half minute. */
const silenceMs = 120_000

/** The agent's and the extensions' part of a machine's instance view. */
export async function agentView(parts: Pick<Parts, 'store' | 'agents' | 'clock'>, vm: Resource) {
  const extensions = (await extensionsOf(parts, vm)).map(extensionView)
  const heard = parts.agents.lastReport(vmIdOf(vm))
  const now = parts.clock.now()
  const time = new Date(heard?.atMs ?? now).toISOString()
  const isReady = heard !== undefined && now - heard.atMs < silenceMs
  const status = isReady
    ? {
        code: 'ProvisioningState/succeeded',
        level: 'Info',
        displayStatus: 'Ready',
        message: 'Guest Agent is running',
        time,
      }
    : {
        code: 'ProvisioningState/Unavailable',
        level: 'Warning',
        displayStatus: 'Not Ready',
        message: heard ? 'VM status blob is found but stale.' : 'VM status blob is found but not yet populated.',
        time,
      }
  return {
    vmAgent: {
      vmAgentVersion: heard?.report.agentVersion ?? 'Unknown',
      ...(heard ? { extensionHandlers: eachOnce(heard.report.handlers).map(handlerView) } : {}),
      statuses: [status],
    },
    ...(extensions.length > 0 ? { extensions } : {}),
  }
}

/** Several extensions of a machine may be of one handler. */
const eachOnce = (reports: readonly HandlerReport[]) => [...new Map(reports.map(one => [one.handler, one])).values()]
