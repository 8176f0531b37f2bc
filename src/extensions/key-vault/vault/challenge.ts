import { FetchFailure } from './failure.ts'

/**
 * The resource that a vault wants a token for, as its 401 says. A vault of another domain is not believed: whoever can
 * have an address put into the settings would collect tokens for anything. Azure's clients have the same rule.
 */
export function resourceOf(challenge: string | undefined, origin: string): string {
  const { host, hostname } = new URL(origin)
  const parameters = new Map(
    [...(challenge ?? '').matchAll(/(\w+)="([^"]*)"/g)].map(([, name = '', value = '']) => [name.toLowerCase(), value]),
  )
  const named = parameters.get('resource') ?? parameters.get('scope')?.replace(/\/\.default$/, '')
  const resource = named?.replace(/\/+$/, '')
  if (!resource || !/^bearer\b/i.test(challenge ?? ''))
    throw new FetchFailure('unreachable', `${host} wants no token and gives no secret: it is not a vault`)
  const owner = URL.canParse(resource) ? new URL(resource) : undefined
  if (owner?.protocol === 'https:' && hostname.endsWith(`.${owner.hostname}`)) return resource
  throw new FetchFailure(
    'identity',
    `${host} asks for a token for '${resource}', which is not its own domain; it gets none`,
  )
}
