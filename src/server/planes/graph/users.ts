import { randomUUID } from 'node:crypto'
import * as z from 'zod'
import { passwordVerifier } from '../../directory/credentials.ts'
import { readJson } from '../../door/body.ts'
import type { Context, Operation } from '../../door/operation.ts'
import type { Reads, Writes } from '../../store/open.ts'
import type { Principal } from '../../store/principals.ts'
import { checked, dateTime, withoutNulls } from './checked.ts'
import { directoryChange, directoryRead } from './directory-change.ts'
import { listed, shown } from './listing.ts'
import { requireAnotherOwner } from './owners.ts'
import { alreadyExists, badRequest, objectNotFound, onlyForPeople } from './refusals.ts'

const passwordProfile = z.looseObject({ password: z.string().min(8).max(256) })
const userPrincipalName = z.string().regex(/^[A-Za-z0-9'._!#^~+-]{1,64}@[A-Za-z0-9.-]+$/)
const newUser = z.looseObject({
  accountEnabled: z.boolean(),
  displayName: z.string().min(1).max(256),
  userPrincipalName,
  passwordProfile,
})
const changedUser = newUser.partial()

/** Kept elsewhere or decided here: not part of the profile. */
const notProfile = [
  'id',
  'accountEnabled',
  'displayName',
  'userPrincipalName',
  'passwordProfile',
  'createdDateTime',
  '@odata.type',
]

export const userShape = (user: Principal): Record<string, unknown> => ({
  businessPhones: [],
  givenName: null,
  jobTitle: null,
  mail: null,
  mobilePhone: null,
  officeLocation: null,
  preferredLanguage: null,
  surname: null,
  ...user.profile,
  id: user.objectId,
  accountEnabled: !user.disabled,
  createdDateTime: dateTime(user.createdAt),
  displayName: user.displayName,
  userPrincipalName: user.userPrincipalName,
})

const profileOf = (body: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(body).filter(([name]) => !notProfile.includes(name)))

/** By object id or by name. Throws 404. */
async function existingUser(
  cx: Pick<Context, 'grant'>,
  reads: Pick<Reads, 'principals'>,
  key: string,
): Promise<Principal> {
  const user = await reads.principals.get(cx.grant, key.includes('@') ? { userPrincipalName: key } : { objectId: key })
  if (user?.kind !== 'user') throw objectNotFound(key)
  return user
}

function requireOwnDomain(cx: Context, name: string): void {
  if (name.split('@')[1]?.toLowerCase() === cx.directory.tenantDomain) return
  throw badRequest(
    `The domain portion of the userPrincipalName property is invalid. You must use one of the verified domain names in your organization: '${cx.directory.tenantDomain}'.`,
  )
}

async function requireFreeName(cx: Context, tx: Writes, name: string, objectId: string): Promise<void> {
  const other = await tx.principals.get(cx.grant, { userPrincipalName: name })
  if (other && other.objectId !== objectId) throw alreadyExists('userPrincipalName')
}

/** Another password is another credential, so that whatever began with the old one ends. */
async function replacePassword(cx: Context<'write'>, tx: Writes, objectId: string, verifier: string): Promise<void> {
  for (const { id, kind } of await tx.principals.credentials(cx.grant, objectId)) {
    if (kind === 'password') await tx.principals.removeCredential(cx.grant, id)
  }
  await tx.principals.putCredential(cx.grant, { id: randomUUID(), objectId, kind: 'password', verifier })
}

export const users: readonly Operation[] = [
  directoryRead('GET /users', async cx =>
    listed(cx, 'users', (await cx.store.principals.list(cx.grant, ['user'])).map(userShape)),
  ),

  directoryRead('GET /users/:id', async cx =>
    shown(cx, 'users', userShape(await existingUser(cx, cx.store, cx.params.id ?? ''))),
  ),

  directoryRead('GET /me', async cx => {
    if (cx.caller.kind !== 'principal' || cx.caller.principal.kind !== 'user') throw onlyForPeople()
    return shown(cx, 'users', userShape(cx.caller.principal))
  }),

  directoryChange({
    route: 'POST /users',
    action: 'microsoft.directory/users/create',
    async run(cx) {
      const body = checked(newUser, withoutNulls(await readJson(cx.request)))
      const { displayName, userPrincipalName: name, accountEnabled } = body
      requireOwnDomain(cx, name)
      const verifier = await passwordVerifier(body.passwordProfile.password)
      const user = await cx.store.write(async tx => {
        const objectId = randomUUID()
        await requireFreeName(cx, tx, name, objectId)
        await replacePassword(cx, tx, objectId, verifier)
        return tx.principals.put(cx.grant, {
          objectId,
          kind: 'user',
          displayName,
          userPrincipalName: name,
          profile: profileOf(body),
          ...(accountEnabled ? {} : { disabled: true }),
        })
      })
      return shown(cx, 'users', userShape(user), 201)
    },
  }),

  directoryChange({
    route: 'PATCH /users/:id',
    action: 'microsoft.directory/users/basic/update',
    async run(cx) {
      const body = checked(changedUser, withoutNulls(await readJson(cx.request)))
      if (body.userPrincipalName !== undefined) requireOwnDomain(cx, body.userPrincipalName)
      const verifier = body.passwordProfile && (await passwordVerifier(body.passwordProfile.password))
      await cx.store.write(async tx => {
        const { createdAt: _createdAt, disabled, ...kept } = await existingUser(cx, tx, cx.params.id ?? '')
        const { objectId } = kept
        if (body.userPrincipalName !== undefined) await requireFreeName(cx, tx, body.userPrincipalName, objectId)
        if (verifier !== undefined) await replacePassword(cx, tx, objectId, verifier)
        const isEnabled = body.accountEnabled ?? !disabled
        if (!isEnabled) await requireAnotherOwner(tx, objectId)
        await tx.principals.put(cx.grant, {
          ...kept,
          displayName: body.displayName ?? kept.displayName,
          ...(body.userPrincipalName === undefined ? {} : { userPrincipalName: body.userPrincipalName }),
          profile: { ...kept.profile, ...profileOf(body) },
          ...(isEnabled ? {} : { disabled: true }),
        })
      })
      return new Response(null, { status: 204 })
    },
  }),

  directoryChange({
    route: 'DELETE /users/:id',
    action: 'microsoft.directory/users/delete',
    async run(cx) {
      await cx.store.write(async tx => {
        const { objectId } = await existingUser(cx, tx, cx.params.id ?? '')
        await requireAnotherOwner(tx, objectId)
        await tx.principals.remove(cx.grant, objectId)
      })
      return new Response(null, { status: 204 })
    },
  }),
]
