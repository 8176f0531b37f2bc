import { systemGrant } from '../../access/grant.ts'
import { operation } from '../../door/operation.ts'
import { machineStates } from './machines.ts'

const countResources = systemGrant('count what there is for a status report')

/** How the server is, for `lazuli status`. */
export const status = operation({
  name: 'Lazuli.Server/status/read',
  route: 'GET /providers/Lazuli.Server/status',
  access: { verb: 'read', action: 'Lazuli.Server/status/read', on: () => '/' },
  async run(cx) {
    const groups = await cx.store.resources.ofType(countResources, 'Microsoft.Resources/resourceGroups')
    return Response.json({
      version: cx.control.version,
      pid: process.pid,
      startedAt: new Date(cx.control.startedAt).toISOString(),
      directory: cx.config.directory,
      clock: { now: new Date(cx.now).toISOString(), shiftMs: cx.clock.shiftMs },
      machines: { driver: cx.machines.kind, missing: cx.machines.missing, list: await machineStates(cx) },
      storageAccounts: await cx.store.blobContainers.sizes(countResources),
      dataLakeAccounts: await cx.store.dataLakeAccounts.sizes(countResources),
      vaults: await cx.store.vaults.counts(countResources),
      resourceGroups: groups.map(group => group.id.name),
      memory: { residentBytes: process.memoryUsage.rss() },
    })
  },
})
