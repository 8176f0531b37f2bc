import { join } from 'node:path'
import type { HandlerEnvironment } from '../handler/environment.ts'
import { statIfPresent } from '../host/files.ts'

export type Program = {
  /** The files that it needs, in the handler's folder, where only root can read. */
  readonly files: readonly string[]
  /** The command that starts it from `folder`, which is where the files have been copied to. */
  readonly commandIn: (folder: string) => readonly string[]
}

/** The handler's program: the single executable that the package may carry, or the one for the Node that runs now. */
export function programOf({ handlerFolder }: Pick<HandlerEnvironment, 'handlerFolder'>, node: string): Program {
  const executable = join(handlerFolder, 'bin', 'managed-identity.exe')
  if (statIfPresent(executable))
    return { files: [executable], commandIn: folder => [join(folder, 'managed-identity.exe')] }
  const files = [join(handlerFolder, 'managed-identity.mjs')]
  return { files, commandIn: folder => [node, join(folder, 'managed-identity.mjs')] }
}
