import { listGroups } from './cgroups.ts'
import { listContainers } from './container.ts'
import { removeDisk } from './disk.ts'
import type { InitProcess } from './init-process.ts'
import { type Host, takeDown } from './lifecycle.ts'
import { siteNamespaces } from './network.ts'
import { type MachineRecord, readRecord, recordedIds } from './record.ts'
import { machinePlace } from './site.ts'

export type Found = { readonly record: MachineRecord; readonly init: InitProcess | undefined }

/**
 * Looks at what an earlier server left: returns the machines that are whole and wanted, with their first process where
 * it runs, and removes every trace of all others. Touches nothing of other instances.
 */
export async function sortLeftovers(host: Host, wanted: ReadonlySet<string>): Promise<Found[]> {
  const { site, run, cgroups } = host
  const containers = new Map((await listContainers(site, run)).map(({ id, init }) => [id, init]))
  const folders = new Set(await recordedIds(site))
  const namespaces = (await siteNamespaces(site, run)).map(name => name.slice(site.network.length + 1))
  const known = new Set([...containers.keys(), ...folders, ...namespaces, ...(await listGroups(cgroups, site.cgroup))])
  known.delete('')

  const found: Found[] = []
  for (const id of known) {
    const place = machinePlace(site, id)
    const record = wanted.has(id) && folders.has(id) ? await readRecord(place) : undefined
    const init = containers.get(id)
    if (record && init) {
      found.push({ record, init })
      continue
    }
    await takeDown(host, id)
    if (record) found.push({ record, init: undefined })
    else await removeDisk(place.folder, run)
  }
  return found
}
