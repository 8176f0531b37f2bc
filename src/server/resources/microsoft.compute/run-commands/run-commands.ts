import { randomUUID } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { resourceId } from '../../../../wire/resource-id.ts'
import { systemGrant } from '../../../access/grant.ts'
import { type Change, defineResource } from '../../../arm/resource-type.ts'
import type { ResourceBody } from '../../../store/resources.ts'
import { mergePatch } from '../../merge-patch.ts'
import { computeVersions } from '../api-versions.ts'
import { realMachineNeeded } from '../refusals.ts'
import { carryOut, keepOutcome } from './carry-out.ts'
import {
  checkWish,
  type Properties,
  properties,
  runCommandType,
  type Secrets,
  sealedSecrets,
} from './stored-command.ts'

const seeMachine = systemGrant('see the machine that a command is for')

/** Scripts as resources: each PUT runs one, and its outcome stays in the instance view. */
export const runCommands = defineResource<Properties>({
  type: runCommandType,
  apiVersions: computeVersions.filter(version => version >= '2020-06-01'),
  location: 'none',
  properties,

  async put(change) {
    const { cx, id, existing, body } = change
    if (cx.machines.kind === 'none') {
      throw realMachineNeeded('put a command', resourceId(id.container).name, cx.machines.missing)
    }
    checkWish(body.properties)
    const {
      protectedParameters,
      runAsPassword: _unneeded,
      instanceView: _view,
      provisioningState: _state,
      ...wish
    } = body.properties
    const uri = wish.source?.scriptUri
    const secrets: Secrets = {
      protectedParameters: protectedParameters ?? [],
      // A shared access signature is a key to whoever reads it.
      ...(uri?.includes('?') ? { scriptUri: uri } : {}),
    }
    const shown = uri === undefined ? wish : { ...wish, source: { ...wish.source, scriptUri: uri.split('?')[0] } }
    const { outcome, command: _command, sealed, ...envelope } = body
    const vm = await change.tx.resources.get(seeMachine, resourceId(id.container))
    const location = { location: vm?.body.location ?? '' }
    if (existing && isPatchOfRest(change, shown, secrets)) {
      const { provisioningState } = existing.body.properties
      return {
        body: {
          ...envelope,
          outcome,
          command: existing.body.command,
          sealed,
          properties: { ...shown, provisioningState },
        },
      }
    }
    return {
      body: {
        ...location,
        ...envelope,
        properties: { ...shown, provisioningState: existing ? 'Updating' : 'Creating' },
        command: randomUUID(),
        sealed: sealedSecrets.seal(cx.store, id, isPatch(change) ? withKept(change, shown, secrets) : secrets),
      },
      work: {},
    }
  },

  patch: ({ body }, patch) =>
    ({ ...body, properties: mergePatch(body.properties, { ...(patch.properties as object) }) }) as ResourceBody,

  work: { write: carryOut, outcome: keepOutcome },

  render({ resource, expand }) {
    const { outcome, command: _command, sealed: _sealed, properties, ...rest } = resource.body
    const isBegun = properties.provisioningState === 'Succeeded'
    const instanceView = outcome ?? { executionState: isBegun ? 'Running' : 'Pending' }
    return { ...rest, properties: { ...properties, ...(expand.includes('instanceview') ? { instanceView } : {}) } }
  },
})

/** The body of a PATCH is made from what is stored; that of a PUT is the caller's own. */
const isPatch = ({ existing, body }: Change<Properties>) =>
  existing !== undefined && body.command !== undefined && body.command === existing.body.command

/** A PATCH brings again only what it changes. A signed address stays for as long as it is that of the script shown. */
function withKept(
  { cx, existing }: Change<Properties>,
  { source }: Pick<Properties, 'source'>,
  { protectedParameters, scriptUri }: Secrets,
): Secrets {
  if (!existing) return { protectedParameters, ...(scriptUri === undefined ? {} : { scriptUri }) }
  const before = sealedSecrets.open(cx.store, existing)
  const isSame = source?.scriptUri === properties.parse(existing.body.properties).source?.scriptUri
  const kept = scriptUri ?? (isSame ? before.scriptUri : undefined)
  return {
    protectedParameters: protectedParameters.length > 0 ? protectedParameters : before.protectedParameters,
    ...(kept === undefined ? {} : { scriptUri: kept }),
  }
}

/** A change of the tags alone runs nothing again. */
function isPatchOfRest(change: Change<Properties>, shown: object, secrets: Secrets): boolean {
  if (!isPatch(change) || secrets.protectedParameters.length > 0 || secrets.scriptUri !== undefined) return false
  const { provisioningState: _state, ...before } = change.existing?.body.properties ?? {}
  return isDeepStrictEqual(before, shown)
}
