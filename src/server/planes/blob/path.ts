/**
 * `/account`, `/account/container` or `/account/container/blob`. What follows the container is one name, whatever
 * slashes are in it: `a//b`, `a/` and `a%2Fb` are names, and the last is `a/b`. Decoded once. Undefined for a broken
 * escape or a NUL.
 */
export function blobSegments(pathname: string): string[] | undefined {
  const [, account = '', container = '', ...rest] = pathname.split('/')
  const name = rest.join('/')
  const raw =
    container === '' && name === '' ? [account] : name === '' ? [account, container] : [account, container, name]
  try {
    const segments = raw.map(segment => (segment.includes('%') ? decodeURIComponent(segment) : segment))
    return segments.some(segment => segment.includes('\0')) ? undefined : segments
  } catch (error) {
    if (error instanceof URIError) return undefined
    throw error
  }
}
