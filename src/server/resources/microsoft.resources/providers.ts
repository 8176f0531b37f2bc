import { apiVersionOf } from '../../arm/api-version.ts'
import { invalidResourceNamespace } from '../../arm/errors.ts'
import { type Context, type Operation, operation } from '../../door/operation.ts'
import { resourcesVersions } from './api-versions.ts'
import { regions } from './regions.ts'
import { existingSubscription } from './subscriptions.ts'

/** A kind of thing that the resource manager has, whether or not it is an ordinary resource type. */
export type Kind = {
  readonly type: string
  readonly apiVersions: readonly string[]
  readonly location?: 'required' | 'none'
}

/**
 * Resource providers, as clients look them up to learn types and versions. All of them are there from the start:
 * registering one changes nothing.
 */
export function providerOperations(kinds: readonly Kind[]): readonly Operation[] {
  const byNamespace = new Map<string, Kind[]>()
  for (const kind of kinds) {
    const namespace = namespaceOf(kind)
    byNamespace.set(namespace, [...(byNamespace.get(namespace) ?? []), kind])
  }
  const namespaces = [...byNamespace.keys()].sort()

  const provider = (namespace: string, subscription: string) => ({
    ...(subscription === '' ? {} : { id: `${subscription}/providers/${namespace}` }),
    namespace,
    resourceTypes: (byNamespace.get(namespace) ?? []).map(resourceType),
    ...(subscription === '' ? {} : { registrationState: 'Registered', registrationPolicy: 'RegistrationRequired' }),
  })
  const known = (cx: Context) => {
    const asked = cx.params.namespace ?? ''
    const namespace = namespaces.find(one => one.toLowerCase() === asked.toLowerCase())
    if (!namespace) throw invalidResourceNamespace(asked)
    return namespace
  }
  const inSubscription = async (cx: Context) => {
    apiVersionOf(cx.url, resourcesVersions)
    return (await existingSubscription(cx.store, cx.params.subscriptionId ?? '')).id.text
  }

  const subscription = '/subscriptions/:subscriptionId'
  const on = (params: Context['params']) => `/subscriptions/${params.subscriptionId}`
  const read = { verb: 'read', action: 'Microsoft.Resources/subscriptions/providers/read', on, orBelow: true } as const
  const signedIn = { signedIn: 'it shows which kinds of resources there can be, and no resource' }

  return [
    operation({
      name: 'Microsoft.Resources/subscriptions/providers/read',
      route: `GET ${subscription}/providers`,
      access: read,
      async run(cx) {
        const id = await inSubscription(cx)
        return Response.json({ value: namespaces.map(namespace => provider(namespace, id)) })
      },
    }),
    operation({
      name: read.action,
      route: `GET ${subscription}/providers/:namespace`,
      access: read,
      run: async cx => Response.json(provider(known(cx), await inSubscription(cx))),
    }),
    operation({
      name: 'Microsoft.Resources/subscriptions/providers/register/action',
      route: `POST ${subscription}/providers/:namespace/register`,
      access: { verb: 'action', action: params => `${params.namespace}/register/action`, on },
      run: async cx => Response.json(provider(known(cx), await inSubscription(cx))),
    }),
    operation({
      name: 'Microsoft.Resources/providers/read',
      route: 'GET /providers',
      access: signedIn,
      run(cx) {
        apiVersionOf(cx.url, resourcesVersions)
        return Response.json({ value: namespaces.map(namespace => provider(namespace, '')) })
      },
    }),
    operation({
      name: 'Microsoft.Resources/providers/read',
      route: 'GET /providers/:namespace',
      access: signedIn,
      run(cx) {
        apiVersionOf(cx.url, resourcesVersions)
        return Response.json(provider(known(cx), ''))
      },
    }),
  ]
}

const namespaceOf = ({ type }: Kind) => type.split('/')[0] ?? ''

const resourceType = ({ type, apiVersions, location }: Kind) => ({
  resourceType: type.slice(type.indexOf('/') + 1),
  locations: location === 'required' ? regions.map(({ displayName }) => displayName) : [],
  apiVersions,
  capabilities: location === 'required' ? 'SupportsTags, SupportsLocation' : 'None',
})
