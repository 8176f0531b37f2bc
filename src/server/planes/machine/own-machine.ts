import { resourceId } from '../../../wire/resource-id.ts'
import type { Context } from '../../door/operation.ts'
import { AzureError } from '../../errors.ts'
import type { Resource } from '../../store/resources.ts'

/** The machine that asks. Throws 404 when it has just been deleted. */
export async function ownMachine(cx: Context): Promise<{ machineId: string; vm: Resource }> {
  if (cx.caller.kind !== 'machine') throw new Error('an operation of machines was called by somebody else')
  const { machineId, resourceId: id } = cx.caller
  const vm = await cx.store.resources.get(cx.grant, resourceId(id))
  if (!vm) throw new AzureError(404, 'NotFound', 'The machine is gone.')
  return { machineId, vm }
}
