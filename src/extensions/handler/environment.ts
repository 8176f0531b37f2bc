/** What the guest agent tells an extension about its place: HandlerEnvironment.json and the environment variables. */

import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { asRecord } from '../host/unknown.ts'
import { HandlerFailure } from './failure.ts'

export type HandlerEnvironment = {
  /** `Publisher.Type` */
  readonly name: string
  readonly version: string
  /** Where the package is unpacked; the working folder of every command. */
  readonly handlerFolder: string
  /** Where the agent keeps the machine's certificates, named by their thumbprints. */
  readonly libFolder: string
  readonly logFolder: string
  readonly configFolder: string
  readonly statusFolder: string
  /** Of the run that the agent asks for; undefined when it does not say. */
  readonly sequence: number | undefined
}

/** The environment variables, which agents use to tell a command what it is called for. */
export const variables = (): NodeJS.ProcessEnv => process.env

/** Reads the file that the agent writes next to the unpacked package. Agents differ in whether it is an array. */
export function readEnvironment(handlerFolder: string, variables: NodeJS.ProcessEnv): HandlerEnvironment {
  const path = join(handlerFolder, 'HandlerEnvironment.json')
  const parsed: unknown = JSON.parse(readFileSync(path, 'utf8'))
  const entry = asRecord(Array.isArray(parsed) ? parsed[0] : parsed)
  const folders = asRecord(entry.handlerEnvironment)
  const folder = (name: string): string => {
    const value = folders[name]
    if (typeof value !== 'string' || value === '') throw new HandlerFailure(`${path} names no ${name}`)
    return value
  }
  return {
    name: typeof entry.name === 'string' ? entry.name : '',
    version: variables.AZURE_GUEST_AGENT_EXTENSION_VERSION ?? '',
    handlerFolder,
    libFolder: dirname(handlerFolder),
    logFolder: folder('logFolder'),
    configFolder: folder('configFolder'),
    statusFolder: folder('statusFolder'),
    sequence: parseSequence(variables.ConfigSequenceNumber),
  }
}

function parseSequence(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined
}
