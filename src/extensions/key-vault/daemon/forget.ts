import { existsSync, readdirSync, rmdirSync, rmSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import type { HandlerEnvironment } from '../../handler/environment.ts'
import { isErrno } from '../../host/files.ts'
import type { Places } from './serve.ts'

/**
 * Removes what the service remembers, when the extension goes for good: certificates stay, and who may read them. Agents
 * uninstall an old version as well, when a newer one, which remembers the same, has been unpacked beside it.
 */
export function forget(
  { name, handlerFolder, libFolder }: Pick<HandlerEnvironment, 'name' | 'handlerFolder' | 'libFolder'>,
  { state, socket }: Pick<Places, 'state' | 'socket'>,
): void {
  const others = readdirSync(libFolder).filter(
    entry =>
      entry.startsWith(`${name}-`) && entry !== basename(handlerFolder) && existsSync(`${libFolder}/${entry}/config`),
  )
  if (others.length > 0) return
  rmSync(state, { recursive: true, force: true })
  rmSync(socket, { force: true })
  for (const folder of [dirname(state), dirname(socket)]) removeIfEmpty(folder)
}

/** Other extensions may have something there. */
function removeIfEmpty(folder: string): void {
  try {
    rmdirSync(folder)
  } catch (error) {
    if (!isErrno(error, 'ENOTEMPTY', 'ENOENT')) throw error
  }
}
