import type { Operation, Params } from './operation.ts'

/**
 * From a request line to an operation. Literal segments are compared without regard to case, as all of Azure's planes
 * do; parameters keep theirs. Among the routes that fit, the one with more literal segments and more query conditions
 * wins. Two routes that could not be told apart are a mistake found at start.
 */
export type Router = { match(method: string, segments: readonly string[], query: URLSearchParams): Match | undefined }

export type Match = { readonly operation: Operation; readonly params: Params }

type Route = {
  readonly operation: Operation
  readonly segments: readonly Segment[]
  /** Where a `:x*` stands among them; -1 when none does. */
  readonly many: number
  readonly conditions: readonly (readonly [name: string, value: string])[]
  /** More of this is tried first. */
  readonly weight: number
}

/** A literal in lower case, or the name of the parameter that stands there. */
type Segment = { readonly literal: string } | { readonly param: string }

/** A route's path with what stands in the place of each parameter; nothing where there is none. */
export const filled = (path: string, params: Readonly<Record<string, unknown>>): string =>
  path.replace(/:(\w+)/g, (_, name: string) => String(params[name] ?? ''))

/** Path segments, decoded once. Undefined when an escape is broken or smuggles in a NUL. A trailing slash is nothing. */
export function pathSegments(pathname: string): string[] | undefined {
  const raw = pathname.split('/').slice(1)
  if (raw.at(-1) === '') raw.pop()
  try {
    const segments = raw.map(segment => (segment.includes('%') ? decodeURIComponent(segment) : segment))
    return segments.some(segment => segment.includes('\0')) ? undefined : segments
  } catch (error) {
    if (error instanceof URIError) return undefined
    throw error
  }
}

/** Where names have no blanks around them, Azure forgives those; a tutorial's role assignment depends on it. */
export const trimmedSegments = (pathname: string): string[] | undefined =>
  pathSegments(pathname)?.map(segment => segment.trim())

/** Whether a `URL` resolves something in a path, or takes a backslash in it for a slash. */
export const hasDots = (path: string): boolean => /\/(\.|%2e){1,2}(\/|$)|\\/i.test(path)

export function router(operations: readonly Operation[]): Router {
  const byMethod = new Map<string, Route[]>()
  const seen = new Map<string, string>()
  for (const operation of operations) {
    const [method = '', path = ''] = operation.route.split(' ')
    const segments = path
      .split('/')
      .slice(1)
      .filter(segment => segment !== '')
    const conditions = [...new URLSearchParams(operation.query ?? '')]
    const shape = `${method} ${segments.map(s => (isMany(s) ? '**' : isOne(s) ? '*' : s.toLowerCase())).join('/')}?${[...conditions].sort().join('&')}`
    const twin = seen.get(shape)
    if (twin !== undefined) throw new Error(`${operation.name} and ${twin} have the same route ${shape}`)
    seen.set(shape, operation.name)
    const weight =
      segments.filter(s => !s.startsWith(':')).length * 8 + conditions.length * 4 - (segments.some(isMany) ? 2 : 0)
    const routes = byMethod.get(method) ?? []
    routes.push({ operation, segments: segments.map(parsed), many: segments.findIndex(isMany), conditions, weight })
    byMethod.set(method, routes)
  }
  for (const routes of byMethod.values()) routes.sort((a, b) => b.weight - a.weight)

  return {
    match(method, segments, query) {
      for (const route of byMethod.get(method) ?? []) {
        if (!route.conditions.every(([name, value]) => holds(query.get(name), value))) continue
        const params = fit(route, segments)
        if (params) return { operation: route.operation, params }
      }
      return undefined
    },
  }
}

/** `*` is any value but none. */
const holds = (given: string | null, value: string) =>
  value === '*' ? (given ?? '') !== '' : given?.toLowerCase() === value.toLowerCase()

const isMany = (segment: string) => segment.startsWith(':') && segment.endsWith('*')
const isOne = (segment: string) => segment.startsWith(':') && !segment.endsWith('*')

const parsed = (segment: string): Segment =>
  segment.startsWith(':') ? { param: segment.slice(1).replace(/\*$/, '') } : { literal: segment.toLowerCase() }

/** A `:x*` takes what the others leave, also nothing. There is at most one in a route. */
function fit({ segments: pattern, many }: Route, segments: readonly string[]): Params | undefined {
  if (many < 0 ? pattern.length !== segments.length : segments.length < pattern.length - 1) return undefined
  const params: Record<string, string> = {}
  const head = many < 0 ? pattern.length : many
  for (let i = 0; i < head; i++) if (!fitOne(pattern[i], segments[i], params)) return undefined
  if (many < 0) return params
  const tail = pattern.length - many - 1
  for (let i = 1; i <= tail; i++) {
    if (!fitOne(pattern[pattern.length - i], segments[segments.length - i], params)) return undefined
  }
  const taken = pattern[many]
  if (taken && 'param' in taken) params[taken.param] = segments.slice(many, segments.length - tail).join('/')
  return params
}

function fitOne(pattern: Segment | undefined, segment = '', params: Record<string, string>): boolean {
  if (!pattern) return false
  if ('literal' in pattern) {
    return pattern.literal.length === segment.length && pattern.literal === segment.toLowerCase()
  }
  // An escaped slash must not turn one name into a path to something else than what was authorized.
  if (segment === '' || segment.includes('/')) return false
  params[pattern.param] = segment
  return true
}
