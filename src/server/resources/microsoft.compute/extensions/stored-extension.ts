import * as z from 'zod'
import type { HandlerReport } from '../../../../wire/agent-report.ts'
import type { Resource, ResourceBody } from '../../../store/resources.ts'

export const extensionType = 'Microsoft.Compute/virtualMachines/extensions'

export const properties = z.looseObject({
  publisher: z.string().trim().min(1),
  type: z.string().trim().min(1),
  typeHandlerVersion: z.string().regex(/^\d+(\.\d+){1,3}$/, 'a version has two to four numbers'),
  autoUpgradeMinorVersion: z.boolean().optional(),
  enableAutomaticUpgrade: z.boolean().optional(),
  forceUpdateTag: z.string().optional(),
  /** Whatever it is, it is the extension's to judge: shells make a text of it now and then, and Azure takes that, too. */
  settings: z.unknown().optional(),
  /** Sealed when it arrives, and never stored with the rest. */
  protectedSettings: z.record(z.string(), z.unknown()).optional(),
  suppressFailures: z.boolean().optional(),
  provisionAfterExtensions: z.array(z.string().min(1)).optional(),
})
export type ExtensionProperties = z.infer<typeof properties>

/** What clients send back of an answer, and the one thing more that Azure knows. */
const alsoKnown = ['provisioningState', 'instanceView', 'protectedSettingsFromKeyVault']

/** A member that Azure has not: most likely one of the settings, one step too far out, where it would do nothing. */
export const unknownMemberOf = (sent: object): string | undefined =>
  Object.keys(sent).find(name => !(name in properties.shape) && !alsoKnown.includes(name))

/** What the server keeps of an extension beside the properties. The resource manager never shows it. */
export type StoredExtension = {
  /** The version of the package that was chosen. */
  readonly version: string
  /** Another one for each time the resource is made. */
  readonly incarnation: string
  readonly sequenceNumber: number
  /** Base64 of the sealed JSON text. */
  readonly protectedSettings?: string
  /** What the agent said last of these settings. */
  readonly reported?: HandlerReport
}

export const storedExtensionOf = ({ body }: Pick<Resource, 'body'>): StoredExtension =>
  body.extension as StoredExtension

export const extensionProperties = ({ body }: { body: ResourceBody }): ExtensionProperties =>
  properties.parse(body.properties)

/** `Publisher.Type` */
export const handlerName = ({ publisher, type }: Pick<ExtensionProperties, 'publisher' | 'type'>) =>
  `${publisher}.${type}`

/** What protected settings are sealed for, so that one machine's do not open as another's. */
export const sealingContext = (id: { key: string }) => `protected settings of ${id.key}`

export type Outcome =
  | { readonly state: 'pending'; readonly lastMessage: string }
  | { readonly state: 'succeeded' }
  | { readonly state: 'failed'; readonly by: 'extension' | 'handler'; readonly message: string }

/** What became of an extension's present settings, as far as its agent has said. The extension's own word comes first. */
export function outcomeOf({ reported }: Pick<StoredExtension, 'reported'>): Outcome {
  if (!reported) return { state: 'pending', lastMessage: '' }
  const status = reported.extension?.status
  const message = status?.formattedMessage.message ?? ''
  // What it said may be about an older version, or about an earlier start of the agent.
  if (reported.status === 'Installing') return { state: 'pending', lastMessage: message || reported.message }
  switch (status?.status) {
    case 'success':
    case 'warning':
      return { state: 'succeeded' }
    case 'error':
      return { state: 'failed', by: 'extension', message }
    default:
      if (reported.status === 'NotReady') return { state: 'failed', by: 'handler', message: reported.message }
      return { state: 'pending', lastMessage: message || reported.message }
  }
}
