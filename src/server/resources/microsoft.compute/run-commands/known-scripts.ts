import { invalidParameter } from '../refusals.ts'

/** Azure's scripts for Linux by their ids, in lower case; the first is the one that brings its own lines. */
const scripts: Readonly<Record<string, string | undefined>> = {
  runshellscript: undefined,
  ifconfig: 'ip address show\n',
}

/** Undefined for the command whose lines the caller brings. Throws 400 for one that is not there. */
export function knownScript(commandId: string): string | undefined {
  const id = commandId.toLowerCase()
  if (Object.hasOwn(scripts, id)) return scripts[id]
  throw invalidParameter('commandId', `The entity was not found: there is no command '${commandId}' for Linux.`)
}
