import { pathSegments } from '../../door/routes.ts'
import { illegalArgument } from './refusals.ts'

/** The limits of HDFS. */
const [longestName, longestPath, mostLevels] = [255, 8000, 1000]

/**
 * The segments of a path. Clients write one file in several ways: Python's library has two slashes at the beginning for
 * some operations, and `/.` for the root. `..` is refused, because what it means depends on who reads it. Throws 400.
 */
export function readPath(text: string): readonly string[] {
  const segments = text.split('/').filter(segment => segment !== '' && segment !== '.')
  if (segments.includes('..')) throw illegalArgument(`Invalid path: ${text.slice(0, longestName)}`)
  if (segments.some(isNoName) || text.length > longestPath || segments.length > mostLevels) {
    throw illegalArgument('Invalid path: it is too long, or one of its names is no name.')
  }
  return segments
}

const isNoName = (segment: string) =>
  segment.includes('\0') || !segment.isWellFormed() || Buffer.byteLength(segment) > longestName

/**
 * What routes are matched with: the account, then the two words of the protocol, then whatever the client wrote. An
 * escaped slash parts segments as well, which is why the path is read once more behind the route.
 */
export function routeSegments(pathname: string): string[] | undefined {
  return pathSegments(pathname.replace(/\/{2,}/g, '/'))
}
