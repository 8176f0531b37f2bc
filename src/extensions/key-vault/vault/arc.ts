import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { dirname } from 'node:path'
import { FetchFailure } from './failure.ts'

const tokensFolder = '/var/opt/azcmagent/tokens'
const longestKey = 4096

/**
 * What an Arc machine must show: the content of a file that only root and its agent can read, and that the answer names.
 * Another file is not read, whatever the answer says, and neither is what a link leads to.
 */
export function arcKey(challenge: string, folder = tokensFolder): string {
  const path = /^Basic realm="?([^"\s]+)"?$/i.exec(challenge.trim())?.[1] ?? ''
  if (dirname(path) !== folder || !/^[\w-]+\.key$/.test(path.slice(folder.length + 1)))
    throw new FetchFailure(
      'identity',
      `The metadata service wants a file to be read that is not one of its keys: '${path}'`,
    )
  try {
    return readKey(path)
  } catch (error) {
    throw new FetchFailure('unreachable', `The key of the metadata service cannot be read: ${(error as Error).message}`)
  }
}

function readKey(path: string): string {
  const file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  try {
    const status = fstatSync(file)
    if (!status.isFile() || status.size > longestKey)
      throw new Error(`${path} is no file of at most ${longestKey} bytes`)
    const content = Buffer.alloc(longestKey)
    return content.subarray(0, readSync(file, content)).toString('latin1').trim()
  } finally {
    closeSync(file)
  }
}
