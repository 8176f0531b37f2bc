import type { Context } from '../../door/operation.ts'
import { isKnownAudience } from '../../tokens/known-audience.ts'
import { unknownResource } from '../../tokens/managed-identity.ts'
import type { Style } from './authority.ts'
import {
  missingParameter,
  resourceUnknown,
  scopeInvalid,
  scopeNotDefault,
  scopeOfSeveralResources,
} from './refusals/request.ts'

/** What a token is asked for. */
export type TokenWish = {
  /** Becomes the `aud` claim, to the letter: clients compare it as text. */
  readonly resource: string
  /** As the answer repeats it; clients file the token under it. */
  readonly scope: string
  readonly wantsRefreshToken: boolean
}

const suffix = '/.default'

/** For programs that act for themselves: v1 names a resource, v2 exactly one scope that ends in `/.default`. */
export async function applicationWish(cx: Context, form: URLSearchParams, style: Style): Promise<TokenWish> {
  const named = resourceOf(form, style)
  if (named === undefined && style === 'v1') throw missingParameter('resource')
  const resource = named ?? defaultScopeOf(form)
  await requireKnown(cx, resource)
  return { resource, scope: '', wantsRefreshToken: false }
}

/** For people. Undefined when the form names nothing, which some grants allow. */
export async function personWish(cx: Context, form: URLSearchParams, style: Style): Promise<TokenWish | undefined> {
  const resource = resourceOf(form, style)
  if (resource !== undefined) {
    await requireKnown(cx, resource)
    return { resource, scope: 'user_impersonation', wantsRefreshToken: true }
  }
  const scopes = scopesOf(form)
  if (style === 'v1' || scopes.length === 0) return undefined
  const wish = wishOf(scopes)
  await requireKnown(cx, wish.resource)
  return wish
}

const aboutThePerson = ['openid', 'profile', 'email', 'offline_access']
const graph = 'https://graph.microsoft.com'

function wishOf(scopes: readonly string[]): TokenWish {
  const wanted = scopes.filter(scope => !aboutThePerson.includes(scope.toLowerCase()))
  const wantsRefreshToken = scopes.some(scope => scope.toLowerCase() === 'offline_access')
  const resources = new Set(wanted.map(resourceOfScope))
  if (resources.size > 1) throw scopeOfSeveralResources(scopes.join(' '))
  // Who asks for nothing but the person's name gets a token that can read just that.
  const [resource = graph] = resources
  return { resource, scope: `${resource}/user_impersonation ${resource}${suffix}`, wantsRefreshToken }
}

/** A scope without a resource, such as `User.Read`, is one of Microsoft Graph. */
function resourceOfScope(scope: string): string {
  if (scope.endsWith(suffix)) return scope.slice(0, -suffix.length)
  if (!scope.includes('/')) return graph
  const resource = scope.slice(0, scope.lastIndexOf('/'))
  if (/^[a-z][a-z0-9+.-]*:\/?$/i.test(resource)) throw scopeInvalid(scope)
  return resource
}

function defaultScopeOf(form: URLSearchParams): string {
  const scopes = scopesOf(form)
  const [scope] = scopes
  if (scope === undefined) throw missingParameter('scope')
  // A resource that ends in a slash makes two of them; only the suffix goes, so that `aud` keeps its own.
  if (scopes.length > 1 || !scope.endsWith(suffix) || scope === suffix) throw scopeNotDefault(scopes.join(' '))
  return scope.slice(0, -suffix.length)
}

const resourceOf = (form: URLSearchParams, style: Style): string | undefined =>
  style === 'v2' ? undefined : form.get('resource') || undefined

const scopesOf = (form: URLSearchParams) => (form.get('scope') ?? '').split(' ').filter(scope => scope !== '')

async function requireKnown(cx: Context, resource: string): Promise<void> {
  if (!(await isKnownAudience(cx, resource))) throw resourceUnknown(unknownResource(cx, resource))
}
