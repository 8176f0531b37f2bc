import * as z from 'zod'
import { readJson } from '../../door/body.ts'
import type { Context, Operation } from '../../door/operation.ts'
import type { Principal } from '../../store/principals.ts'
import { applicationShape, showApplication } from './applications.ts'
import { checked } from './checked.ts'
import { directoryRead } from './directory-change.ts'
import { shown, versionRoot } from './listing.ts'
import { objectNotFound, unknownSegment } from './refusals.ts'
import { principalShape, showServicePrincipal } from './service-principals.ts'
import { userShape } from './users.ts'

const ids = z.looseObject({ ids: z.array(z.string()).max(1000), types: z.array(z.string()).nullish() })

async function typedShape(cx: Context, id: string): Promise<Record<string, unknown> | undefined> {
  const principal = await cx.store.principals.get(cx.grant, { objectId: id })
  if (principal)
    return {
      '@odata.type': typeOf(principal),
      ...(principal.kind === 'user' ? userShape(principal) : await principalShape(cx, principal)),
    }
  const application = await cx.store.applications.get(cx.grant, { objectId: id })
  return application && { '@odata.type': '#microsoft.graph.application', ...(await applicationShape(cx, application)) }
}

const typeOf = ({ kind }: Principal) => `#microsoft.graph.${kind === 'user' ? 'user' : 'servicePrincipal'}`

/** What an id stands for, when its kind is not known. */
export const directoryObjects: readonly Operation[] = [
  directoryRead('POST /directoryObjects/getByIds', async cx => {
    const wish = checked(ids, await readJson(cx.request))
    const types = wish.types?.map(type => `#microsoft.graph.${type}`.toLowerCase())
    const found = await Promise.all([...new Set(wish.ids)].map(id => typedShape(cx, id)))
    const wanted = found.filter(
      shape => shape !== undefined && (!types?.length || types.includes(String(shape['@odata.type']).toLowerCase())),
    )
    return Response.json({ '@odata.context': `${versionRoot(cx.url)}/$metadata#directoryObjects`, value: wanted })
  }),

  directoryRead('GET /directoryObjects/:id', async cx => {
    const { id = '' } = cx.params
    const shape = await typedShape(cx, id)
    if (!shape) throw objectNotFound(id)
    return shown(cx, 'directoryObjects', shape)
  }),

  /** `servicePrincipals(appId='…')` and `applications(appId='…')`: objects by the id that people know. */
  directoryRead('GET /:keyed', async cx => {
    const { keyed = '' } = cx.params
    const [, collection, clientId = ''] = /^([a-z]+)\(appId=(?:'|%27)([^']*)'\)$/i.exec(keyed) ?? []
    switch (collection?.toLowerCase()) {
      case 'serviceprincipals':
        return showServicePrincipal(cx, await cx.store.principals.get(cx.grant, { clientId }), clientId)
      case 'applications':
        return showApplication(cx, await cx.store.applications.get(cx.grant, { clientId }), clientId)
      default:
        throw unknownSegment(keyed)
    }
  }),
]
