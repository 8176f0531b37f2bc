import { apiVersionOf } from '../../../arm/api-version.ts'
import { type Context, operation } from '../../../door/operation.ts'
import { AzureError } from '../../../errors.ts'
import type { Package } from '../../../extensions/packages.ts'
import { compareVersions } from '../../../extensions/versions.ts'
import { computeVersions } from '../api-versions.ts'

/** The extensions that machines can have, as `az vm extension image list` walks through them. */

const subscription = '/subscriptions/:subscriptionId'
const types = `${subscription}/providers/Microsoft.Compute/locations/:location/publishers/:publisher/artifacttypes/vmextension/types`
const versions = `${types}/:type/versions`

export const extensionListings = [
  listing('locations/publishers/artifacttypes/types', types, cx => named(cx, 'type', found(cx))),
  listing('locations/publishers/artifacttypes/types/versions', versions, cx =>
    ordered(cx, named(cx, 'version', found(cx))),
  ),
  listing('locations/publishers/artifacttypes/types/versions', `${versions}/:version`, async cx => {
    const [one] = found(cx)
    const [image] = named(cx, 'version', found(cx))
    if (!image || !one) throw artifactNotFound()
    return {
      ...image,
      id: cx.url.pathname,
      properties: {
        operatingSystem: 'Linux',
        computeRole: 'IaaS',
        vmScaleSetEnabled: false,
        supportsMultipleExtensions: await cx.packages.supportsMultiple(one),
      },
    }
  }),
]

function listing(permission: string, path: string, answer: (cx: Context<'read'>) => unknown) {
  const action = `Microsoft.Compute/${permission}/read`
  return operation<'read'>({
    name: action,
    route: `GET ${path}`,
    access: { verb: 'read', action, on: params => `/subscriptions/${params.subscriptionId}` },
    async run(cx) {
      apiVersionOf(cx.url, computeVersions)
      return Response.json(await answer(cx))
    },
  })
}

/** A publisher without extensions has an empty list; a type or version that is not there is an error. */
function found({ params, packages }: Context): Package[] {
  const parts = ['publisher', 'type', 'version'] as const
  const fitting = packages
    .list()
    .filter(one =>
      parts.every(part => params[part] === undefined || one[part].toLowerCase() === params[part].toLowerCase()),
    )
  if (fitting.length === 0 && params.type !== undefined) throw artifactNotFound()
  return fitting
}

/** A bare list, as Azure answers it. */
function named({ url, params }: Context, part: 'type' | 'version', packages: readonly Package[]) {
  const below = url.pathname.replace(/\/+$/, '')
  return [...new Set(packages.map(one => one[part]))].map(name => ({
    location: params.location ?? '',
    name,
    id: `${below}/${name}`,
  }))
}

function ordered<T extends { name: string }>({ url }: Context, list: T[]): T[] {
  const sorted = list.toSorted((a, b) => compareVersions(a.name, b.name))
  const isDescending = /^name\s+desc$/i.test(url.searchParams.get('$orderby') ?? '')
  const top = url.searchParams.get('$top')
  return (isDescending ? sorted.reverse() : sorted).slice(0, top === null ? undefined : Number(top))
}

const artifactNotFound = () => new AzureError(404, 'NotFound', 'Artifact: VMExtension was not found.')
