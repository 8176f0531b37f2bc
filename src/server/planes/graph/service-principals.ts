import { randomUUID } from 'node:crypto'
import * as z from 'zod'
import { readJson } from '../../door/body.ts'
import type { Context, Operation } from '../../door/operation.ts'
import type { Application } from '../../store/applications.ts'
import type { Principal } from '../../store/principals.ts'
import { checked, dateTime } from './checked.ts'
import { directoryChange, directoryRead } from './directory-change.ts'
import { listed, shown } from './listing.ts'
import { requireAnotherOwner } from './owners.ts'
import { alreadyExists, badRequest, objectNotFound } from './refusals.ts'

const kinds = ['application', 'managedIdentity'] as const

/** A principal and the application behind it, as Microsoft Graph shows them. */
export function servicePrincipalShape(
  principal: Principal,
  application: Application | undefined,
  tenantId: string,
): Record<string, unknown> {
  const { clientId = '', resourceId } = principal
  const isManaged = principal.kind === 'managedIdentity'
  const uris = application?.body.identifierUris
  const isUserAssigned = resourceId?.toLowerCase().includes('/userassignedidentities/') ?? false
  return {
    tags: [],
    ...principal.profile,
    id: principal.objectId,
    accountEnabled: !principal.disabled,
    alternativeNames:
      isManaged && resourceId !== undefined ? [`isExplicit=${isUserAssigned ? 'True' : 'False'}`, resourceId] : [],
    appDisplayName: isManaged ? null : principal.displayName,
    appId: clientId,
    appOwnerOrganizationId: isManaged ? null : tenantId,
    createdDateTime: dateTime(principal.createdAt),
    displayName: principal.displayName,
    keyCredentials: [],
    passwordCredentials: [],
    servicePrincipalNames: [clientId, ...(Array.isArray(uris) ? uris : [])],
    servicePrincipalType: isManaged ? 'ManagedIdentity' : 'Application',
  }
}

export async function principalShape(cx: Context, principal: Principal): Promise<Record<string, unknown>> {
  const { applicationObjectId: objectId } = principal
  const application = objectId === undefined ? undefined : await cx.store.applications.get(cx.grant, { objectId })
  return servicePrincipalShape(principal, application, cx.directory.tenantId)
}

/** Throws 404 unless it is a service principal. */
export async function showServicePrincipal(
  cx: Context,
  principal: Principal | undefined,
  id: string,
): Promise<Response> {
  if (!principal || principal.kind === 'user') throw objectNotFound(id)
  return shown(cx, 'servicePrincipals', await principalShape(cx, principal))
}

const newServicePrincipal = z.looseObject({ appId: z.guid() })
const change = z.looseObject({
  tags: z.array(z.string()).optional(),
  displayName: z.string().min(1).max(256).optional(),
})
const decidedHere = [
  'id',
  'appId',
  'accountEnabled',
  'servicePrincipalType',
  'servicePrincipalNames',
  'alternativeNames',
]

export const servicePrincipals: readonly Operation[] = [
  directoryRead('GET /servicePrincipals', async cx => {
    const [principals, applications] = await Promise.all([
      cx.store.principals.list(cx.grant, kinds),
      cx.store.applications.list(cx.grant),
    ])
    const byId = new Map(applications.map(application => [application.objectId, application]))
    const shapes = principals.map(principal =>
      servicePrincipalShape(principal, byId.get(principal.applicationObjectId ?? ''), cx.directory.tenantId),
    )
    return listed(cx, 'servicePrincipals', shapes)
  }),

  directoryRead('GET /servicePrincipals/:id', async cx => {
    const { id = '' } = cx.params
    return showServicePrincipal(cx, await cx.store.principals.get(cx.grant, { objectId: id }), id)
  }),

  directoryChange({
    route: 'POST /servicePrincipals',
    action: 'microsoft.directory/servicePrincipals/create',
    async run(cx) {
      const { appId, ...rest } = checked(newServicePrincipal, await readJson(cx.request))
      const clientId = appId.toLowerCase()
      const principal = await cx.store.write(async tx => {
        const application = await tx.applications.get(cx.grant, { clientId })
        if (!application)
          throw badRequest(
            `When using this permission, the backing application of the service principal being created must in the local tenant: '${appId}' is not.`,
          )
        if (await tx.principals.get(cx.grant, { clientId })) throw alreadyExists('servicePrincipalNames')
        const { displayName, objectId: applicationObjectId } = application
        const profile = Object.fromEntries(Object.entries(rest).filter(([name]) => !decidedHere.includes(name)))
        return tx.principals.put(cx.grant, {
          objectId: randomUUID(),
          kind: 'application',
          displayName,
          clientId,
          applicationObjectId,
          profile,
        })
      })
      return shown(cx, 'servicePrincipals', await principalShape(cx, principal), 201)
    },
  }),

  directoryChange({
    route: 'PATCH /servicePrincipals/:id',
    action: 'microsoft.directory/servicePrincipals/basic/update',
    async run(cx) {
      const wish = checked(change, await readJson(cx.request))
      await cx.store.write(async tx => {
        const principal = await tx.principals.get(cx.grant, { objectId: cx.params.id ?? '' })
        if (!principal || principal.kind === 'user') throw objectNotFound(cx.params.id ?? '')
        const { createdAt: _createdAt, ...kept } = principal
        const changes = Object.entries(wish).filter(([name]) => !decidedHere.includes(name))
        const profile = { ...kept.profile, ...Object.fromEntries(changes) }
        await tx.principals.put(cx.grant, { ...kept, displayName: wish.displayName ?? kept.displayName, profile })
      })
      return new Response(null, { status: 204 })
    },
  }),

  directoryChange({
    route: 'DELETE /servicePrincipals/:id',
    action: 'microsoft.directory/servicePrincipals/delete',
    async run(cx) {
      const { id = '' } = cx.params
      await cx.store.write(async tx => {
        const principal = await tx.principals.get(cx.grant, { objectId: id })
        if (!principal || principal.kind === 'user') throw objectNotFound(id)
        if (principal.kind === 'managedIdentity')
          throw badRequest('A managed identity goes with the resource that it belongs to.')
        await requireAnotherOwner(tx, principal.objectId)
        await tx.principals.remove(cx.grant, principal.objectId)
      })
      return new Response(null, { status: 204 })
    },
  }),
]
