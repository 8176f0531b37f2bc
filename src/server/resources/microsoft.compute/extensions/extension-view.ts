import type { ExtensionStatus, HandlerReport } from '../../../../wire/agent-report.ts'
import type { Resource } from '../../../store/resources.ts'
import { extensionProperties, handlerName, storedExtensionOf } from './stored-extension.ts'

type Status = {
  readonly code: string
  readonly level: 'Info' | 'Warning' | 'Error'
  readonly displayStatus: string
  readonly message: string
  readonly time?: string
}

/** An extension in the instance view: its own one, and the machine's. */
export function extensionView(resource: Resource) {
  const { reported, version } = storedExtensionOf(resource)
  const said = reported?.extension
  return {
    name: resource.id.name,
    type: handlerName(extensionProperties(resource)),
    typeHandlerVersion: reported?.version ?? version,
    ...(reported ? { statuses: [said ? ownStatus(said) : handlersWords(reported)] } : {}),
    ...(said?.status.substatus
      ? {
          substatuses: said.status.substatus.map(sub => ({
            ...shown(sub, said.timestampUTC),
            code: `ComponentStatus/${sub.name}/${sub.status === 'success' ? 'succeeded' : sub.status}`,
          })),
        }
      : {}),
  }
}

/** A handler in the agent's part of a machine's instance view. */
export const handlerView = ({ handler, version, status, message }: HandlerReport) => ({
  type: handler,
  typeHandlerVersion: version,
  status: {
    code: `ProvisioningState/${status === 'Ready' ? 'succeeded' : status === 'Installing' ? 'transitioning' : 'failed'}`,
    level: status === 'Ready' || status === 'Installing' ? 'Info' : 'Error',
    displayStatus: status === 'Ready' ? 'Ready' : status === 'Unresponsive' ? 'Not Responding' : 'Not Ready',
    ...(message === '' ? {} : { message }),
  } as const,
})

const ownStatus = ({ timestampUTC, status }: NonNullable<HandlerReport['extension']>) => shown(status, timestampUTC)

/** Exactly one status, whatever happens: clients read the first and count on there being no other. */
const handlersWords = ({ status, code, message }: HandlerReport): Status =>
  shown(
    { status: status === 'NotReady' ? 'error' : 'transitioning', code, formattedMessage: { lang: 'en-US', message } },
    '',
  )

function shown(said: Pick<ExtensionStatus, 'status' | 'code' | 'formattedMessage'>, time: string): Status {
  const words = {
    success: { code: 'succeeded', level: 'Info', displayStatus: 'Provisioning succeeded' },
    warning: { code: 'succeeded', level: 'Warning', displayStatus: 'Provisioning succeeded' },
    error: { code: `failed/${said.code}`, level: 'Error', displayStatus: 'Provisioning failed' },
    transitioning: { code: 'transitioning', level: 'Info', displayStatus: 'Transitioning' },
  } as const
  const { code, level, displayStatus } = words[said.status]
  return {
    code: `ProvisioningState/${code}`,
    level,
    displayStatus,
    message: said.formattedMessage.message,
    ...(time === '' ? {} : { time }),
  }
}
