import { randomBytes, randomUUID } from 'node:crypto'
import * as z from 'zod'
import { newSecret, secretVerifier } from '../../directory/credentials.ts'
import { readJson } from '../../door/body.ts'
import type { Operation } from '../../door/operation.ts'
import { existingApplication } from './applications.ts'
import { checked } from './checked.ts'
import { passwordCredentialShape, validity } from './credentials.ts'
import { directoryChange } from './directory-change.ts'
import { badRequest } from './refusals.ts'

const action = 'microsoft.directory/applications/credentials/update'
const usualLifetimeMs = 2 * 365 * 86_400_000

const newPassword = z.looseObject({
  passwordCredential: z.looseObject({ ...validity, displayName: z.string().max(120).nullish() }).nullish(),
})
const oldPassword = z.looseObject({ keyId: z.guid() })

export const applicationSecrets: readonly Operation[] = [
  /** The only time that a client secret is shown. */
  directoryChange({
    route: 'POST /applications/:id/addPassword',
    action,
    async run(cx) {
      const { passwordCredential } = checked(newPassword, await readJson(cx.request))
      const startsAt = passwordCredential?.startDateTime ?? cx.now
      const expiresAt = passwordCredential?.endDateTime ?? startsAt + usualLifetimeMs
      if (expiresAt <= startsAt) throw badRequest('The end of a credential is after its start.')
      const secretText = newSecret(randomBytes(32))
      const credential = await cx.store.write(async tx => {
        const { objectId } = await existingApplication(cx, tx, cx.params.id ?? '')
        const made = {
          id: randomUUID(),
          objectId,
          kind: 'secret',
          verifier: secretVerifier(secretText),
          hint: secretText.slice(0, 3),
          startsAt,
          expiresAt,
          ...(passwordCredential?.displayName ? { displayName: passwordCredential.displayName } : {}),
        } as const
        await tx.principals.putCredential(cx.grant, made)
        return made
      })
      return Response.json({
        '@odata.context': 'https://graph.microsoft.com/v1.0/$metadata#microsoft.graph.passwordCredential',
        ...passwordCredentialShape(credential),
        secretText,
      })
    },
  }),

  directoryChange({
    route: 'POST /applications/:id/removePassword',
    action,
    async run(cx) {
      const { keyId } = checked(oldPassword, await readJson(cx.request))
      await cx.store.write(async tx => {
        const { objectId } = await existingApplication(cx, tx, cx.params.id ?? '')
        const known = await tx.principals.credentials(cx.grant, objectId)
        if (!known.some(({ id, kind }) => id === keyId && kind === 'secret')) {
          throw badRequest(`No password credential found with keyId '${keyId}'.`)
        }
        await tx.principals.removeCredential(cx.grant, keyId)
      })
      return new Response(null, { status: 204 })
    },
  }),
]
