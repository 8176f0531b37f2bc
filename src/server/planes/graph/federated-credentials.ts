import { randomUUID } from 'node:crypto'
import * as z from 'zod'
import { readJson } from '../../door/body.ts'
import type { Context, Operation } from '../../door/operation.ts'
import type { Credential } from '../../store/principals.ts'
import { existingApplication } from './applications.ts'
import { checked, withoutNulls } from './checked.ts'
import { directoryChange, directoryRead } from './directory-change.ts'
import { listed, shown } from './listing.ts'
import { alreadyExists, badRequest, objectNotFound } from './refusals.ts'

/** Which tokens of another identity provider an application accepts in place of a credential. */
const federatedCredential = z.looseObject({
  name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_-]{2,119}$/),
  issuer: z.url({ protocol: /^https$/ }).max(600),
  subject: z.string().min(1).max(600),
  audiences: z.array(z.string().min(1).max(600)).length(1),
  description: z.string().max(600).optional(),
})
const changed = federatedCredential.omit({ name: true }).partial()

type FederatedCredential = z.infer<typeof federatedCredential>

const most = 20
const action = 'microsoft.directory/applications/credentials/update'
const collection = '/applications/:id/federatedIdentityCredentials'

const shape = ({ id, verifier }: Credential): Record<string, unknown> => ({
  id,
  description: null,
  ...JSON.parse(verifier),
})

const federatedOf = (credentials: readonly Credential[]) => credentials.filter(({ kind }) => kind === 'federated')

/** By id or by name. */
function found(credentials: readonly Credential[], key: string): Credential {
  const credential = federatedOf(credentials).find(one => one.id === key || shape(one).name === key)
  if (!credential) throw objectNotFound(key)
  return credential
}

function requireDistinct(others: readonly Credential[], wanted: FederatedCredential): void {
  for (const other of others.map(shape)) {
    if (other.name === wanted.name) throw alreadyExists('name')
    if (other.issuer === wanted.issuer && other.subject === wanted.subject) throw alreadyExists('issuer, subject')
  }
}

const credentialOf = (id: string, objectId: string, content: FederatedCredential): Credential => {
  const { name, issuer, subject, audiences, description } = content
  const kept = { name, issuer, subject, audiences, ...(description === undefined ? {} : { description }) }
  return { id, objectId, kind: 'federated', verifier: JSON.stringify(kept) }
}

async function credentialsOf(cx: Context): Promise<readonly Credential[]> {
  const { objectId } = await existingApplication(cx, cx.store, cx.params.id ?? '')
  return cx.store.principals.credentials(cx.grant, objectId)
}

export const federatedCredentials: readonly Operation[] = [
  directoryRead(`GET ${collection}`, async cx =>
    listed(cx, 'federatedIdentityCredentials', federatedOf(await credentialsOf(cx)).map(shape)),
  ),

  directoryRead(`GET ${collection}/:key`, async cx =>
    shown(cx, 'federatedIdentityCredentials', shape(found(await credentialsOf(cx), cx.params.key ?? ''))),
  ),

  directoryChange({
    route: `POST ${collection}`,
    action,
    async run(cx) {
      const content = checked(federatedCredential, withoutNulls(await readJson(cx.request)))
      const credential = await cx.store.write(async tx => {
        const { objectId } = await existingApplication(cx, tx, cx.params.id ?? '')
        const others = federatedOf(await tx.principals.credentials(cx.grant, objectId))
        if (others.length >= most) throw badRequest(`An application has at most ${most} federated credentials.`)
        requireDistinct(others, content)
        const made = credentialOf(randomUUID(), objectId, content)
        await tx.principals.putCredential(cx.grant, made)
        return made
      })
      return shown(cx, 'federatedIdentityCredentials', shape(credential), 201)
    },
  }),

  directoryChange({
    route: `PATCH ${collection}/:key`,
    action,
    async run(cx) {
      const { id: _id, name: _name, ...body } = withoutNulls(await readJson(cx.request))
      const changes = checked(changed, body)
      await cx.store.write(async tx => {
        const { objectId } = await existingApplication(cx, tx, cx.params.id ?? '')
        const all = await tx.principals.credentials(cx.grant, objectId)
        const before = found(all, cx.params.key ?? '')
        const content = checked(federatedCredential, { ...withoutNulls(shape(before)), ...changes })
        requireDistinct(
          federatedOf(all).filter(({ id }) => id !== before.id),
          content,
        )
        await tx.principals.putCredential(cx.grant, credentialOf(before.id, objectId, content))
      })
      return new Response(null, { status: 204 })
    },
  }),

  directoryChange({
    route: `DELETE ${collection}/:key`,
    action,
    async run(cx) {
      await cx.store.write(async tx => {
        const { objectId } = await existingApplication(cx, tx, cx.params.id ?? '')
        const { id } = found(await tx.principals.credentials(cx.grant, objectId), cx.params.key ?? '')
        await tx.principals.removeCredential(cx.grant, id)
      })
      return new Response(null, { status: 204 })
    },
  }),
]
