import { join } from 'node:path'

/** The folders that Azure's agent uses, and that extensions rely on. `/var/lib/waagent` and `/var/log/azure` but in tests. */
export type Layout = { readonly lib: string; readonly log: string }

/** Where everything of one version of a handler is. */
export type HandlerPlace = {
  /** `Publisher.Type` */
  readonly handler: string
  readonly version: string
  /** Where its commands run. */
  readonly folder: string
  readonly archive: string
  readonly config: string
  readonly status: string
  readonly heartbeat: string
  readonly logs: string
  readonly events: string
  /** All that its commands print. */
  readonly commandLog: string
}

export function handlerPlace({ lib, log }: Layout, handler: string, version: string): HandlerPlace {
  const folder = join(lib, `${handler}-${version}`)
  const logs = join(log, handler)
  return {
    handler,
    version,
    folder,
    archive: join(lib, `${handler}__${version}.zip`),
    config: join(folder, 'config'),
    status: join(folder, 'status'),
    heartbeat: join(folder, 'heartbeat.log'),
    logs,
    events: join(logs, 'events'),
    commandLog: join(logs, 'CommandExecution.log'),
  }
}

/** How the files of some settings begin: with their number, and before it their own name when a handler has several. */
export const stemOf = ({ configName, sequenceNumber }: { configName: string | null; sequenceNumber: number }) =>
  configName === null ? String(sequenceNumber) : `${configName}.${sequenceNumber}`

/** From a folder's name, when it is one of a handler. */
export function handlerOfFolder(name: string): { handler: string; version: string } | undefined {
  const [, handler, version] = /^([A-Za-z0-9][\w.-]*\.[\w.-]+)-(\d+(?:\.\d+){1,3})$/.exec(name) ?? []
  return handler === undefined || version === undefined ? undefined : { handler, version }
}
