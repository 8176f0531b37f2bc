import { randomUUID } from 'node:crypto'
import * as z from 'zod'
import { readJson } from '../../door/body.ts'
import type { Context, Operation } from '../../door/operation.ts'
import type { Application } from '../../store/applications.ts'
import type { Reads, Writes } from '../../store/open.ts'
import type { Credential } from '../../store/principals.ts'
import { checked, dateTime, withoutNulls } from './checked.ts'
import { keyCredentialShape, passwordCredentialShape, readKeyCredentials } from './credentials.ts'
import { directoryChange, directoryRead } from './directory-change.ts'
import { listed, shown } from './listing.ts'
import { requireAnotherOwner } from './owners.ts'
import { alreadyExists, objectNotFound } from './refusals.ts'

const redirects = z.looseObject({ redirectUris: z.array(z.string().max(2048)).optional() }).optional()
const members = {
  displayName: z.string().min(1).max(256),
  identifierUris: z.array(z.string().regex(/^[a-z][a-z0-9+.-]*:\/\/?[^\s]+$/i)).optional(),
  isFallbackPublicClient: z.boolean().optional(),
  signInAudience: z.string().optional(),
  web: redirects,
  spa: redirects,
  publicClient: redirects,
}
const newApplication = z.looseObject(members)
const changedApplication = z.looseObject({ ...members, displayName: members.displayName.optional() })

/** Decided here or kept elsewhere: never taken over from a request. */
const notKept = [
  'id',
  'appId',
  'createdDateTime',
  'displayName',
  'keyCredentials',
  'passwordCredentials',
  '@odata.type',
]

export async function applicationShape(
  cx: Context,
  application: Application,
  credentials?: readonly Credential[],
): Promise<Record<string, unknown>> {
  const known = credentials ?? (await cx.store.principals.credentials(cx.grant, application.objectId))
  return {
    api: {},
    appRoles: [],
    identifierUris: [],
    isFallbackPublicClient: null,
    publicClient: { redirectUris: [] },
    publisherDomain: cx.directory.tenantDomain,
    requiredResourceAccess: [],
    signInAudience: 'AzureADMyOrg',
    spa: { redirectUris: [] },
    tags: [],
    web: { redirectUris: [] },
    ...application.body,
    id: application.objectId,
    appId: application.clientId,
    createdDateTime: dateTime(application.createdAt),
    displayName: application.displayName,
    keyCredentials: known.filter(({ kind }) => kind === 'certificate').map(keyCredentialShape),
    passwordCredentials: known.filter(({ kind }) => kind === 'secret').map(passwordCredentialShape),
  }
}

/** Throws 404. */
export async function existingApplication(
  cx: Pick<Context, 'grant'>,
  reads: Pick<Reads, 'applications'>,
  id: string,
): Promise<Application> {
  const application = await reads.applications.get(cx.grant, { objectId: id })
  if (!application) throw objectNotFound(id)
  return application
}

export async function showApplication(
  cx: Context,
  application: Application | undefined,
  id: string,
): Promise<Response> {
  if (!application) throw objectNotFound(id)
  return shown(cx, 'applications', await applicationShape(cx, application))
}

async function requireFreeNames(cx: Context, tx: Writes, application: { objectId: string; body: Application['body'] }) {
  const wanted = application.body.identifierUris
  if (!Array.isArray(wanted) || wanted.length === 0) return
  for (const { objectId, body } of await tx.applications.list(cx.grant)) {
    const taken = body.identifierUris
    if (objectId === application.objectId || !Array.isArray(taken)) continue
    if (taken.some(uri => wanted.includes(uri))) throw alreadyExists('identifierUris')
  }
}

const keptMembers = (body: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(body).filter(([name]) => !notKept.includes(name)))

export const applications: readonly Operation[] = [
  directoryRead('GET /applications', async cx => {
    const found = await cx.store.applications.list(cx.grant)
    return listed(cx, 'applications', await Promise.all(found.map(application => applicationShape(cx, application))))
  }),

  directoryRead('GET /applications/:id', async cx => {
    const { id = '' } = cx.params
    return showApplication(cx, await existingApplication(cx, cx.store, id), id)
  }),

  directoryChange({
    route: 'POST /applications',
    action: 'microsoft.directory/applications/create',
    async run(cx) {
      const body = checked(newApplication, withoutNulls(await readJson(cx.request)))
      const objectId = randomUUID()
      const { added } = readKeyCredentials(body.keyCredentials ?? [], objectId)
      const application = await cx.store.write(async tx => {
        const made = { objectId, clientId: randomUUID(), displayName: body.displayName, body: keptMembers(body) }
        await requireFreeNames(cx, tx, made)
        for (const credential of added) await tx.principals.putCredential(cx.grant, credential)
        return tx.applications.put(cx.grant, made)
      })
      return shown(cx, 'applications', await applicationShape(cx, application), 201)
    },
  }),

  directoryChange({
    route: 'PATCH /applications/:id',
    action: 'microsoft.directory/applications/basic/update',
    async run(cx) {
      const body = checked(changedApplication, withoutNulls(await readJson(cx.request)))
      await cx.store.write(async tx => {
        const application = await existingApplication(cx, tx, cx.params.id ?? '')
        const { objectId, clientId } = application
        const displayName = body.displayName ?? application.displayName
        const changed = { objectId, clientId, displayName, body: { ...application.body, ...keptMembers(body) } }
        await requireFreeNames(cx, tx, changed)
        await tx.applications.put(cx.grant, changed)
        await replaceCredentials(cx, tx, objectId, body)
        await renameServicePrincipal(cx, tx, clientId, displayName)
      })
      return new Response(null, { status: 204 })
    },
  }),

  directoryChange({
    route: 'DELETE /applications/:id',
    action: 'microsoft.directory/applications/delete',
    async run(cx) {
      await cx.store.write(async tx => {
        const { objectId, clientId } = await existingApplication(cx, tx, cx.params.id ?? '')
        const principal = await tx.principals.get(cx.grant, { clientId })
        if (principal) {
          await requireAnotherOwner(tx, principal.objectId)
          await tx.principals.remove(cx.grant, principal.objectId)
        }
        await tx.applications.remove(cx.grant, objectId)
      })
      return new Response(null, { status: 204 })
    },
  }),
]

/** An array in a PATCH replaces the one there is. Secrets can be left out that way, but not made. */
async function replaceCredentials(cx: Context<'write'>, tx: Writes, objectId: string, body: Record<string, unknown>) {
  const known = await tx.principals.credentials(cx.grant, objectId)
  const keep = async (kind: Credential['kind'], ids: readonly string[]) => {
    const gone = known.filter(credential => credential.kind === kind && !ids.includes(credential.id))
    for (const { id } of gone) await tx.principals.removeCredential(cx.grant, id)
  }
  if (body.keyCredentials !== undefined) {
    const { kept, added } = readKeyCredentials(body.keyCredentials, objectId)
    await keep('certificate', kept)
    for (const credential of added) await tx.principals.putCredential(cx.grant, credential)
  }
  if (body.passwordCredentials !== undefined) {
    const listedSecrets = checked(z.array(z.looseObject({ keyId: z.guid() })), body.passwordCredentials)
    await keep(
      'secret',
      listedSecrets.map(({ keyId }) => keyId),
    )
  }
}

async function renameServicePrincipal(cx: Context<'write'>, tx: Writes, clientId: string, displayName: string) {
  const principal = await tx.principals.get(cx.grant, { clientId })
  if (!principal || principal.displayName === displayName) return
  const { createdAt: _createdAt, ...kept } = principal
  await tx.principals.put(cx.grant, { ...kept, displayName })
}
