import { systemGrant } from '../../access/grant.ts'
import { removeResource } from '../../arm/resource-operations.ts'
import type { Job, ResourceType } from '../../arm/resource-type.ts'
import { AzureError } from '../../errors.ts'
import type { AsyncOperation } from '../../store/async-operations.ts'
import type { Resource } from '../../store/resources.ts'

const deleteContent = systemGrant('delete what lies in a resource group that is being deleted')

/** They hold on to disks, interfaces and identities, which refuse to go before. */
const first = ['microsoft.compute/virtualmachines', 'microsoft.compute/virtualmachinescalesets']

/**
 * Empties a resource group, round by round: what is still in use by something else refuses, and is asked again when
 * that is gone. It is over when nothing is left, or when a whole round achieved nothing. What was done stays done, so
 * it can be begun again after a crash. Throws 409 with what is left.
 */
export async function deleteResourceGroup(job: Job, types: readonly ResourceType[]): Promise<void> {
  const group = job.resource
  if (!group) return
  const typeOf = new Map(types.map(type => [type.type.toLowerCase(), type]))
  for (;;) {
    const left = await topLevelResources(job, group)
    if (left.length === 0) return
    const urgent = left.filter(({ id }) => first.includes(id.type.toLowerCase()))
    const outcomes = await Promise.all(
      (urgent.length > 0 ? urgent : left).map(resource =>
        removeOne(job, typeOf.get(resource.id.type.toLowerCase()), resource),
      ),
    )
    if (!outcomes.includes('gone')) throw deletionBlocked(group, left, job.operation)
  }
}

async function topLevelResources({ store }: Job, group: Resource): Promise<Resource[]> {
  const found: Resource[] = []
  for (let after: string | undefined; ; ) {
    const rows = await store.resources.list(
      deleteContent,
      { in: group.id.text },
      { limit: 500, ...(after === undefined ? {} : { after }) },
    )
    found.push(...rows)
    after = rows.at(-1)?.id.key
    if (rows.length < 500) return found
  }
}

async function removeOne(job: Job, type: ResourceType | undefined, resource: Resource): Promise<'gone' | 'refused'> {
  const cx = { ...job, grant: deleteContent, now: job.clock.now() }
  try {
    const outcome = await job.store.write(async tx => {
      const there = await tx.resources.get(deleteContent, resource.id)
      if (!there) return 'removed'
      if (type) return removeResource(cx, tx, type, there)
      // A type that this version of Lazuli does not know: there is no more to it than its row.
      await tx.resources.remove(deleteContent, there.id)
      await tx.roles.removeAssignmentsBelow(deleteContent, there.id.text)
      return 'removed'
    })
    if (outcome === 'removed') return 'gone'
    const ended = await job.asyncWork.begin(outcome)
    // The server is stopping: whoever carries this on finds the work still unfinished.
    if (ended.status === 'InProgress') throw new Error('interrupted')
    return ended.status === 'Succeeded' ? 'gone' : 'refused'
  } catch (error) {
    if (error instanceof AzureError && error.status < 500) return 'refused'
    throw error
  }
}

const deletionBlocked = ({ id }: Resource, left: readonly Resource[], { id: trackingId }: AsyncOperation) => {
  const names = left.map(resource => resource.id.text.slice(`${id.text}/providers/`.length))
  return new AzureError(
    409,
    'ResourceGroupDeletionBlocked',
    `Deletion of resource group '${id.name}' failed as resources with identifiers '${names.join(',')}' could not be deleted. The provisioning state of the resource group will be rolled back. The tracking Id is '${trackingId}'. Please check audit logs for more details.`,
  )
}
