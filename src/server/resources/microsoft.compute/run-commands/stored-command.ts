import * as z from 'zod'
import type { ResourceId } from '../../../../wire/resource-id.ts'
import type { Store } from '../../../store/open.ts'
import type { Resource } from '../../../store/resources.ts'
import { invalidParameter, missingParameter } from '../refusals.ts'
import { knownScript } from './known-scripts.ts'

export const runCommandType = 'Microsoft.Compute/virtualMachines/runCommands'

const parameter = z.object({ name: z.string(), value: z.string() })
const identity = z.object({ clientId: z.string().optional(), objectId: z.string().optional() })

export const properties = z.looseObject({
  source: z
    .looseObject({
      script: z.string().optional(),
      commandId: z.string().optional(),
      scriptUri: z.string().optional(),
      scriptUriManagedIdentity: identity.optional(),
    })
    .optional(),
  parameters: z.array(parameter).optional(),
  /** Sealed when they arrive, and never stored with the rest. */
  protectedParameters: z.array(parameter).optional(),
  runAsUser: z.string().optional(),
  runAsPassword: z.string().optional(),
  timeoutInSeconds: z
    .int()
    .min(1)
    .max(90 * 60)
    .optional(),
  asyncExecution: z.boolean().optional(),
  treatFailureAsDeploymentFailure: z.boolean().optional(),
})
export type Properties = z.infer<typeof properties>

export type InstanceView = {
  readonly executionState: 'Pending' | 'Running' | 'Succeeded' | 'Failed' | 'TimedOut' | 'Canceled' | 'Unknown'
  readonly executionMessage?: string
  readonly exitCode?: number
  readonly output?: string
  readonly error?: string
  readonly startTime?: string
  readonly endTime?: string
}

/** Refuses what could not be carried out, before anything is stored. */
export function checkWish({
  source = {},
  protectedParameters = [],
  runAsUser,
  runAsPassword,
  ...rest
}: Properties): void {
  const { script, commandId, scriptUri, scriptUriManagedIdentity } = source
  const given = [script, commandId, scriptUri].filter(one => one !== undefined)
  if (given.length > 1)
    throw invalidParameter('source', 'Only one of script, commandId and scriptUri can be specified.')
  if (!given[0]?.trim()) throw missingParameter('source.script')
  if (commandId !== undefined && knownScript(commandId) === undefined) throw missingParameter('source.script')
  if (scriptUri !== undefined && !/^https?:\/\/[^/]/i.test(scriptUri)) throw invalidParameter('source.scriptUri')
  if (scriptUri !== undefined && !URL.canParse(scriptUri)) throw invalidParameter('source.scriptUri')
  if (scriptUriManagedIdentity && scriptUri === undefined) throw missingParameter('source.scriptUri')
  if (protectedParameters.some(({ name }) => !/^[A-Za-z_]\w*$/.test(name)))
    throw invalidParameter(
      'protectedParameters',
      'Protected parameters are told in the environment, and need names for it.',
    )
  if (runAsUser !== undefined && !/^[^\s\p{C}:/-][^\s\p{C}:/]{0,255}$/u.test(runAsUser))
    throw invalidParameter('runAsUser')
  if (runAsPassword !== undefined && runAsUser === undefined) throw missingParameter('runAsUser')
  for (const place of ['outputBlobUri', 'errorBlobUri'])
    if (rest[place] !== undefined && rest[place] !== null)
      throw invalidParameter(place, `What a command says is kept in its instance view; ${place} is not written to.`)
}

const secrets = z.object({ protectedParameters: z.array(parameter), scriptUri: z.string().optional() })
/** What is told to the machine and to nobody else. */
export type Secrets = z.infer<typeof secrets>

const sealingContext = ({ key }: Pick<ResourceId, 'key'>) => `secrets of the command ${key}`

export const sealedSecrets = {
  seal: ({ sealing }: Pick<Store, 'sealing'>, id: ResourceId, content: Secrets): string =>
    Buffer.from(sealing.seal(sealingContext(id), JSON.stringify(content))).toString('base64'),

  open: ({ sealing }: Pick<Store, 'sealing'>, { id, body }: Resource): Secrets =>
    secrets.parse(
      JSON.parse(sealing.open(sealingContext(id), Buffer.from(String(body.sealed), 'base64')).toString('utf8')),
    ),
}
